"""What the page says, in both languages of the shop."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    """The page's sentences in one language. Names in braces are filled in with `str.format`."""

    locale: str
    currency: str
    tagline: str
    placeholder: str
    search: str
    try_these: str
    examples: tuple[str, ...]
    sort: str
    sorts: dict[str, str]
    why: str
    more: str
    shown: str
    # What was found
    found_one: str
    found_many: str
    browsing: str
    everything: str
    nothing: str
    took: str
    timings: dict[str, str]
    counting: str
    words_only: str
    corrected: str
    not_a_price: str
    failed: str
    # Filters
    filters: str
    clear: str
    department: str
    all_departments: str
    brand: str
    price: str
    price_from: str
    price_to: str
    price_unit: str
    price_bands: tuple[int, ...]
    availability: str
    in_stock_only: str
    yes: str
    no: str
    further: str
    # Cards and the dialog
    in_stock: str
    few_left: str
    sold_out: str
    unpriced: str
    variants: str
    parts: dict[str, str]
    score: str
    no_score: str
    similar: str
    details: str
    options: str
    close: str
    gone: str

    def value(self, code: str, label: str) -> str:
        """How a value is shown: its label, and yes or no for a flag."""
        return {"true": self.yes, "false": self.no}.get(code, label)


ENGLISH = Wording(
    locale="en",
    currency="USD",
    tagline="A small shop to try Shelfwise on. Ask for what you need, in your own words.",
    placeholder="What are you looking for?",
    search="Search",
    try_these="Try",
    examples=(
        "something warm for winter",
        "gift for a coffee lover",
        "keep my balcony plants alive",
        "quiet keyboard for the office",
        "QX-410",
        "shoes that survive the rain",
    ),
    sort="Sort by",
    sorts={
        "relevance": "Best match",
        "price": "Price, low to high",
        "-price": "Price, high to low",
        "newest": "Newest",
    },
    why="Why this order?",
    more="Show more",
    shown="{shown} of {total} shown",
    found_one="<b>1 product</b> for “{query}”",
    found_many="<b>{total} products</b> for “{query}”",
    browsing="<b>{total} products</b>",
    everything="Every product that passes the filters is ranked; nothing is cut off, so the last ones hardly fit.",
    nothing="Nothing here passes these filters. Take one away, or ask in other words.",
    took="answered in {total} ms",
    timings={"encode": "reading the query", "vector": "meaning", "lexical": "words", "rest": "the rest"},
    counting="counting for the filters {ms} ms",
    words_only="This encoder reads no {language}: words alone answered.",
    corrected="Showing answers for “{query}”.",
    not_a_price="“{value}” is not a price, so it was left out.",
    failed="That could not be answered. {reason}",
    filters="Filters",
    clear="Clear all",
    department="Department",
    all_departments="All departments",
    brand="Brand",
    price="Price",
    price_from="from",
    price_to="to",
    price_unit="$",
    price_bands=(0, 15, 30, 60, 120),
    availability="Availability",
    in_stock_only="In stock only",
    yes="Yes",
    no="No",
    further="{count} more",
    in_stock="In stock",
    few_left="Only {count} left",
    sold_out="Sold out",
    unpriced="No price",
    variants="{count} variants",
    parts={"words": "same words", "meaning": "close in meaning"},
    score="score",
    no_score="Nothing was asked for, so there is no score: newest first.",
    similar="Similar products",
    details="Details",
    options="Variants",
    close="Close",
    gone="This product is no longer in the shop.",
)

CHINESE = Wording(
    locale="zh",
    currency="CNY",
    tagline="一家用来试用 Shelfwise 的小店。想要什么，用自己的话说就行。",
    placeholder="想找点什么？",
    search="搜索",
    try_these="试试",
    examples=("冬天保暖", "咖啡豆", "无线降噪耳机", "防水徒步鞋", "宝宝餐具", "QX-410"),
    sort="排序",
    sorts={"relevance": "最匹配", "price": "价格从低到高", "-price": "价格从高到低", "newest": "最新上架"},
    why="为什么这样排？",
    more="显示更多",
    shown="已显示 {shown} / {total} 件",
    found_one="“{query}”找到 <b>1 件商品</b>",
    found_many="“{query}”找到 <b>{total} 件商品</b>",
    browsing="共 <b>{total} 件商品</b>",
    everything="通过筛选的商品全部参与了排序；这里不设截断，所以排在最后的几乎不相关。",
    nothing="没有符合这些筛选条件的商品。去掉一个条件，或者换个说法试试。",
    took="用时 {total} 毫秒",
    timings={"encode": "理解查询", "vector": "语义", "lexical": "词语", "rest": "其他"},
    counting="筛选计数 {ms} 毫秒",
    words_only="小提示：演示自带的模型只懂英文，所以中文查询暂时只按词语匹配，不按意思。换上中文或多语言模型，就能按意思搜了。",
    corrected="以下是“{query}”的结果。",
    not_a_price="“{value}”不是价格，已忽略。",
    failed="没能完成这次搜索。{reason}",
    filters="筛选",
    clear="全部清除",
    department="分类",
    all_departments="全部分类",
    brand="品牌",
    price="价格",
    price_from="最低",
    price_to="最高",
    price_unit="¥",
    price_bands=(0, 100, 200, 400, 800),
    availability="库存",
    in_stock_only="只看有货",
    yes="是",
    no="否",
    further="还有 {count} 个",
    in_stock="有货",
    few_left="仅剩 {count} 件",
    sold_out="售罄",
    unpriced="暂无价格",
    variants="{count} 种规格",
    parts={"words": "词语相同", "meaning": "意思相近"},
    score="得分",
    no_score="没有输入查询，所以没有得分：按最新上架排列。",
    similar="相似商品",
    details="商品详情",
    options="规格",
    close="关闭",
    gone="这件商品已经下架。",
)

WORDINGS = {"en": ENGLISH, "zh": CHINESE}
LANGUAGES = {"en": "English", "zh": "中文"}


def wording(language: str) -> Wording:
    """The wording of a language; English for one that the page does not speak."""
    return WORDINGS.get(language, ENGLISH)
