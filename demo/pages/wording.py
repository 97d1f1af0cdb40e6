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
    # The page of rules
    rules: str
    to_shop: str
    rules_intro: str
    wins: str
    between: tuple[str, str]  # of things in a row, and before the last
    powers: dict[str, str]
    no_rules: str
    kinds: dict[str, str]
    columns: dict[str, str]
    states: dict[str, str]
    rule_fields: dict[str, str]
    always: str
    history: str
    version: str
    done: dict[str, str]
    nothing_then: str
    undo: str
    undone: str
    undone_gone: str
    try_title: str
    try_intro: str
    try_query: str
    try_category: str
    try_market: str
    try_group: str
    try_draft: str
    try_button: str
    no_draft: str
    bare: str
    ruled: str
    now: str
    drafted: str
    products_count: str
    moved: str
    risen: str
    stays: str
    from_below: str
    not_found: str
    found_by: str
    at_work: str
    hidden: str
    below: str
    none_moved: str
    banner: str
    redirect: str

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
    rules="Rules",
    to_shop="To the shop",
    rules_intro="What the shop decided beside relevance: for what it holds, from when to when, who said so, and why.",
    wins="What wins: {order}. Under an order that a shopper chose only {sorted} hold.",
    between=(", ", " and "),
    powers={
        "permission": "permission",
        "stock": "stock",
        "hide": "hide",
        "pin": "pin",
        "boost": "boost",
        "diversity": "diversity",
    },
    no_rules="There are no rules. “shelfwise rules STORE --import FILE” saves those of a file.",
    kinds={
        "synonym": "Synonym",
        "pin": "Pin",
        "boost": "Boost",
        "bury": "Bury",
        "hide": "Hide",
        "redirect": "Redirect",
        "banner": "Banner",
    },
    columns={
        "rule": "Rule",
        "holds": "Holds for",
        "does": "Does",
        "market": "Market",
        "start": "Start",
        "end": "End",
        "state": "State",
        "author": "Author",
        "reason": "Reason",
    },
    states={"active": "active", "planned": "planned", "over": "over", "removed": "removed"},
    rule_fields={
        "query": "query",
        "containing": "query with",
        "category": "category",
        "segment": "group",
        "locale": "language",
        "words": "words",
        "means": "finds also",
        "products": "products",
        "position": "at place",
        "filters": "filters",
        "factor": "times",
        "amount": "by",
        "url": "to",
        "text": "says",
    },
    always="everything",
    history="History",
    version="Version {number}",
    done={"saved": "saved", "deleted": "deleted", "undone": "undone"},
    nothing_then="No rule from here on.",
    undo="Undo the last change",
    undone="Undone: the rule is what it was before. Undo again to take that back.",
    undone_gone="Undone: there was no such rule before. Undo again to bring it back.",
    try_title="Try a query",
    try_intro="Compare the answer without any rule and with the rules, or with a draft beside them. Nothing is saved.",
    try_query="Query",
    try_category="Category",
    try_market="Market",
    try_group="Group of shoppers",
    try_draft="Draft: rules as “shelfwise rules --export” writes them. Without one, compare with no rule at all",
    try_button="Compare",
    no_draft="The draft holds no rule: begin one with [[rule]], as the file does.",
    bare="Without any rule",
    ruled="With the rules",
    now="As it is now",
    drafted="With the draft",
    products_count="{total} products",
    moved="{start} → {end} by “{rule}”",
    risen="was {rank}",
    stays="stays at {rank} by “{rule}”",
    from_below="was not among the first {count}",
    not_found="was not found",
    found_by="was not found; now by “{rule}”",
    at_work="Rules that hold: {rules}",
    hidden="hidden by “{rule}”",
    below="no longer among the first {count}",
    none_moved="No rule changes this answer.",
    banner="Banner: {text}",
    redirect="Redirect to {url}",
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
    rules="规则",
    to_shop="回到商店",
    rules_intro="除了相关度，店里还定了什么：对什么生效、从何时到何时、谁定的、为什么。",
    wins="优先顺序：{order}。顾客自己选了排序时，只有{sorted}仍然有效。",
    between=("、", "、"),
    powers={
        "permission": "权限",
        "stock": "库存",
        "hide": "隐藏",
        "pin": "置顶",
        "boost": "加权",
        "diversity": "多样性",
    },
    no_rules="还没有规则。用 “shelfwise rules STORE --import FILE” 可以从文件存入。",
    kinds={
        "synonym": "同义词",
        "pin": "置顶",
        "boost": "加权",
        "bury": "降权",
        "hide": "隐藏",
        "redirect": "跳转",
        "banner": "横幅",
    },
    columns={
        "rule": "规则",
        "holds": "适用于",
        "does": "作用",
        "market": "市场",
        "start": "开始",
        "end": "结束",
        "state": "状态",
        "author": "作者",
        "reason": "原因",
    },
    states={"active": "生效中", "planned": "未开始", "over": "已结束", "removed": "已移除"},
    rule_fields={
        "query": "查询",
        "containing": "查询含有",
        "category": "分类",
        "segment": "顾客群",
        "locale": "语言",
        "words": "词语",
        "means": "也能找到",
        "products": "商品",
        "position": "位置",
        "filters": "筛选",
        "factor": "乘以",
        "amount": "增减",
        "url": "前往",
        "text": "内容",
    },
    always="一切请求",
    history="历史",
    version="第 {number} 版",
    done={"saved": "保存", "deleted": "删除", "undone": "撤销"},
    nothing_then="此后没有这条规则。",
    undo="撤销最近一次更改",
    undone="已撤销：规则恢复成之前的样子。再撤销一次即可还原。",
    undone_gone="已撤销：之前没有这条规则。再撤销一次即可恢复。",
    try_title="试一个查询",
    try_intro="比较没有规则和有规则时的结果，或者再加上一份草稿。什么都不会保存。",
    try_query="查询",
    try_category="分类",
    try_market="市场",
    try_group="顾客群",
    try_draft="草稿：写法与 “shelfwise rules --export” 的文件相同。留空则与没有任何规则相比",
    try_button="比较",
    no_draft="草稿里没有规则：请像文件那样以 [[rule]] 开头。",
    bare="没有任何规则",
    ruled="有规则",
    now="现在",
    drafted="加上草稿",
    products_count="{total} 件商品",
    moved="{start} → {end}，规则“{rule}”",
    risen="原来第 {rank}",
    stays="保持第 {rank}，规则“{rule}”",
    from_below="原来不在前 {count} 名",
    not_found="原来没有找到",
    found_by="原来没有找到，规则“{rule}”带来了它",
    at_work="生效的规则：{rules}",
    hidden="被规则“{rule}”隐藏",
    below="不再在前 {count} 名",
    none_moved="没有规则改变这个结果。",
    banner="横幅：{text}",
    redirect="跳转到 {url}",
)

WORDINGS = {"en": ENGLISH, "zh": CHINESE}
LANGUAGES = {"en": "English", "zh": "中文"}


def wording(language: str) -> Wording:
    """The wording of a language; English for one that the page does not speak."""
    return WORDINGS.get(language, ENGLISH)
