"""Which column names mean which field, in English, German, French and Chinese.

Names are compared without case, spaces and punctuation: "Product Name", "ProductName" and "product_name" are one. Of
several columns that mean one field, the name that stands first here is taken.
"""

from __future__ import annotations

import re
import unicodedata

from ..money import CURRENCIES

_IDS = """product_uid product_id item_id id uid handle goods_id goods_sn sku article_id article_number article_no
item_number item_no product_number product_no product_code item_code stock_code code part_number asin reference ref
variant_id artikelnummer artikelnr artikel_nr art_nr artikel_id produkt_id produktnummer produktnr bestellnummer
identifiant id_produit référence référence_produit numéro_article code_article code_produit 商品编号 商品id 产品编号
产品id 编号 货号 商品编码 产品编码 编码 sku编码 upc gtin ean barcode isbn"""
_TITLES = """title product_title product_name product_display_name display_name goods_name item_name name item_title
product productdisplayname label artikelname artikelbezeichnung produktname produktbezeichnung produkttitel
bezeichnung titel artikel produkt nom nom_produit nom_du_produit titre intitulé désignation libellé produit 商品名称
商品名 商品标题 产品名称 产品名 品名 名称 标题 名字"""
_DESCRIPTIONS = """short_description brief summary subtitle excerpt kurzbeschreibung description_courte résumé 简介
简述 摘要 商品简介 卖点 description long_description product_description body body_html html_body detail details
content full_description text beschreibung langbeschreibung artikelbeschreibung produktbeschreibung
detailbeschreibung description_longue description_produit descriptif détails 描述 商品描述 产品描述 详情 商品详情
介绍 商品介绍 产品介绍 说明"""
_BRANDS = """brand brand_name manufacturer manufacturer_name vendor maker make label_brand publisher marke
hersteller markenname marque fabricant 品牌 品牌名称 厂商 制造商 生产商"""
_CATEGORIES = """category_path categories category_name category google_product_category product_type department
master_category main_category product_category category_l1 category_1 kategorie kategorien warengruppe
hauptkategorie kategoriepfad catégorie catégories rayon catégorie_principale 分类 类目 商品分类 类别 品类 一级分类
一级类目"""
_SUBCATEGORIES = """sub_category subcategory_name category_l2 category_2 unterkategorie untergruppe sous_catégorie
子分类 子类目 二级分类 二级类目"""
_TYPES = """article_type item_type sub_sub_category category_l3 category_3 leaf_category 三级分类 三级类目"""
_SALES = """sale_price discount_price discounted_price special_price offer_price promo_price promotion_price
sales_price final_price current_price now_price deal_price angebotspreis sonderpreis aktionspreis prix_promo
prix_solde prix_promotionnel prix_réduit 现价 促销价 活动价 折扣价 优惠价 特价"""
_PRICES = """price unit_price selling_price retail_price shop_price price_amount product_price item_price preis
verkaufspreis vk_preis vk bruttopreis einzelpreis stückpreis prix prix_ttc prix_unitaire prix_de_vente tarif 价格
售价 单价 零售价 销售价 商品价格"""
_LISTS = """list_price compare_at_price variant_compare_at_price counter_price regular_price original_price
old_price was_price market_price msrp rrp mrp uvp listenpreis streichpreis alter_preis prix_barré ancien_prix
prix_conseillé prix_catalogue 原价 市场价 划线价 专柜价 吊牌价"""
_STOCKS = """stock stock_quantity stock_qty inventory inventory_quantity inventory_qty quantity_available
available_quantity qty_in_stock on_hand units_in_stock qty bestand lagerbestand lagermenge quantité_en_stock
stock_disponible 库存 库存量 库存数量"""
_AVAILABILITIES = """availability in_stock stock_status is_in_stock available verfügbarkeit lieferbar lieferstatus
disponibilité disponible 库存状态 是否有货"""
_TAGS = """tags keywords labels tag schlagworte schlagwörter stichworte suchbegriffe mots_clés étiquettes 标签
关键词 关键字"""
_URLS = """url link product_url product_link absolute_url page_url produkt_url produktlink lien url_produit
share_url 链接 商品链接 网址"""
_IMAGES = """image image_url image_link img img_url picture picture_url pic_url photo photo_url thumbnail
thumbnail_url main_image primary_image image_src images pic bild bild_url bilder photo_produit 图片 主图 图片链接
图片地址 商品图片"""
_ADDED = """added added_at date_added created_at created add_time create_time created_time date_created release_date
published_at erstellt_am angelegt_am date_ajout date_création 上架时间 创建时间 添加时间"""
_PUBLISHED = """published is_published active is_active enabled visible on_sale_status status product_status aktiv
sichtbar publié actif 是否上架 上架 状态"""

NAMES: dict[str, str] = {
    "id": _IDS,
    "title": _TITLES,
    "description": _DESCRIPTIONS,
    "brand": _BRANDS,
    "category": _CATEGORIES,
    "subcategory": _SUBCATEGORIES,
    "type": _TYPES,
    "sale": _SALES,
    "price": _PRICES,
    "list_price": _LISTS,
    "currency": "currency currency_code price_currency währung devise monnaie 货币 币种",
    "stock": _STOCKS,
    "availability": _AVAILABILITIES,
    "sku": "sku seller_sku variant_sku goods_sn sku_code mpn 货号 sku编码",
    "gtin": "gtin upc ean barcode ean13 gtin13 gtin14 upc_code isbn strichcode code_barres 条码 条形码",
    "tags": _TAGS,
    "slug": "slug url_key permalink seo_url",
    "url": _URLS,
    "image": _IMAGES,
    "added": _ADDED,
    "published": _PUBLISHED,
    "deleted": "deleted is_deleted deleted_at gelöscht supprimé 是否删除 已删除",
}

ATTRIBUTES = """colour color base_colour base_color size gender season usage material pattern style age_group
condition unit year fit length width height depth weight volume capacity power flavour flavor scent origin
country_of_origin model rating language author platform pack_size package_size farbe größe groesse geschlecht
material muster saison gewicht einheit länge breite höhe zustand couleur taille genre sexe matière saison poids
unité largeur hauteur longueur motif 颜色 尺码 尺寸 性别 季节 材质 材料 规格 型号 单位 重量 款式 风格 产地 口味"""

QUANTITIES = "quantity menge anzahl quantité qté 数量"
ORDERS = (
    "invoice_no invoice_id order_id order_no customer_id basket_id transaction_id rechnungsnummer bestell_id 订单号"
)

NOISE = re.compile(
    r"(^|[a-z0-9])(_ids?|_at|_time|_date|timestamp|_on|_url|_uri|_hash|_count|_order|_index|_position|_rank)$"
    r"|^(is|has|no|num|seo|meta)_|^(date|time|position|index|sort|row|unnamed|column|search_term|relevance|datum|heure|日期|时间|序号|排序)"
)
"""Names, in snake case, of columns that are no property of a product."""


def key(name: str) -> str:
    """A column's name without case, spaces and punctuation; what stands in brackets is a unit and does not count."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\W_]", "", re.sub(r"[(\[].*?[)\]]", "", plain)) or re.sub(r"[\W_]", "", plain)


def snake(name: str) -> str:
    """ProductName, "Product name" and product-name as product_name."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", unicodedata.normalize("NFKC", name).strip())
    return re.sub(r"[\W_]+", "_", split).strip("_").casefold()


def keys(names: str) -> list[str]:
    """The comparable forms of a list of names."""
    return [key(name) for name in names.split()]


def currency_in(name: str) -> str:
    """The currency that a price column's name ends with: "Price (EUR)", "price_usd"."""
    last = re.split(r"[\W_]+", name.strip(" )]").upper())[-1]
    return last if last in CURRENCIES else {"€": "EUR", "£": "GBP", "¥": "CNY"}.get(name.strip(" )]")[-1:], "")
