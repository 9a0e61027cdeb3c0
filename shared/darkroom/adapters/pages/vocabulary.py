"""The words that shops use around a product, in some twenty languages: what was its price, what one saves, is it there.

Compared with `plain_text.folded` text: no case, no accents, no punctuation. No shop's name is here, only its language.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from darkroom.domain.plain_text import unaccented

_BAR: Final = re.compile(r"\|(?![^()]*\))")
LIST_PRICE: Final = (
    "was|ursprunglich|ursprunglicher preis|"
    "rrp|msrp|srp|list price|regular price|retail price|original price|originally|reg price|reg|before|"
    "old price|compare at|compared to|strikethrough price|previous price|instead of|usual price|normal price|"
    "market price|mrp|m r p|statt|uvp|unverb preisempf|unverbindliche preisempfehlung|ehemals|bisher|fruher|"
    "vorher|zuvor|alter preis|normalpreis|listenpreis|streichpreis|avant|au lieu de|prix conseille|"
    "prix de base|prix barre|ancien prix|prix initial|pvp|pvpr|antes|precio original|precio anterior|"
    "precio normal|precio regular|precio lista|precio de lista|de r|por r antes|preco original|preco normal|"
    "preco anterior|preco de tabela|prezzo di listino|prezzo consigliato|prezzo originale|prezzo precedente|"
    "invece di|anziche|prima|adviesprijs|van voor|oude prijs|normale prijs|was nu|cena regularna|"
    "cena katalogowa|cena poprzednia|stara cena|przed obnizka|najnizsza cena|najnizsza cena z|bylo|"
    "puvodni cena|bezna cena|puvodne|povodna cena|doporucena cena|mpc|redovna cijena|stara cijena|prije|"
    "eredeti ar|regi ar|listaar|pret vechi|pret intreg|pret recomandat|prp|inainte|redna cena|ordinarie pris|"
    "ord pris|rek pris|tidligere pris|for pris|normalpris|forpris|veil pris|vejl pris|tidigare pris|norm|ovh|"
    "svh|suositushinta|normaalihinta|старая цена|было|цена без скидки|розничная цена|стара цена|звичайна ціна|"
    "стара ціна|eski fiyat|liste fiyati|piyasa fiyati|قبل|السعر الأصلي|السعر السابق|كان|בעבר|מחיר קודם|原価|"
    "定価|参考価格|通常価格|メーカー希望小売価格|希望小売価格|市價|原價|建議售價|定價|原价|市场价|划线价|"
    "정상가|정가|소비자가|기존가|ราคาปกติ|gia cu|gia goc|gia thi truong|harga asal|harga normal|parasta cena|"
    "ankstesne kaina|tavahind|αρχικη τιμη|απο"
)
SAVING: Final = (
    "earn|collect|rewards?|sammeln|save|saving|savings|you save|discount|off|cashback|cash back|rebate|coupon|"
    "voucher|sie sparen|sparen|ersparnis|du sparst|gespart|gutschein|rabatt|economisez|economie|remise|"
    "reduction|ahorra|ahorras|ahorro|descuento|cupon|economize|economia|desconto|cupom|risparmi|risparmio|"
    "sconto|bespaar|je bespaart|korting|oszczedzasz|rabat|znizka|usetrite|sleva|zlava|usteda|popust|"
    "megtakaritas|kedvezmeny|economisesti|reducere|spara|spar|besparelse|saastat|скидка|экономия|выгода|знижка|"
    "економія|indirim|kazanciniz|خصم|توفير|وفر|חסכון|הנחה|割引|オフ|ポイント|折扣|現省|立省|省下|優惠券|折價券|"
    "优惠券|할인|적립|쿠폰|ส่วนลด|ประหยัด|tiet kiem|giam|jimat|diskon|hemat|atlaide|nuolaida"
)
DELIVERY: Final = (
    "(?:kostenlos|kostenfrei|gratis) ab|gratis vanaf|(?:gratuite?|offerte?) des|gratis desde|gratis od|"
    "free (?:from|above)|"
    "消費滿|購物滿|滿額|滿額享|消费满|shipping|delivery|postage|free over|orders over|spend|minimum order|"
    "order value|handling|dispatch|returns?|versand|lieferung|versandkosten|ab einem|bestellwert|"
    "mindestbestellwert|livraison|frais de port|des|a partir de achats|envio|gastos de envio|envios|entrega|"
    "frete|portes|spedizione|consegna|verzending|verzendkosten|bezorg|bezorging|dostawa|wysylka|przesylka|"
    "doprava|dorucenie|doruceni|dostava|isporuka|szallitas|livrare|transport|frakt|leverans|levering|fragt|"
    "toimitus|доставка|kargo|teslimat|شحن|توصيل|משלוח|送料|配送|運費|免運|运费|배송|배송비|จัดส่ง|取貨|宅配|"
    "giao hang|van chuyen|penghantaran|ongkir|piegade|pristatymas|tarne"
)
INSTALMENT: Final = (
    "month|monthly|per month|mo|instal?ments?|instalments?|interest free|financing|finance|apr|payments? of|"
    "pay in|weekly|per week|klarna|afterpay|affirm|clearpay|monat|mtl|monatlich|rate|raten|ratenzahlung|"
    "finanzierung|mois|mensuel|mensualites|par mois|en \\d+ fois|fois|mes|meses|mensual|cuotas?|cuota|plazos|"
    "parcelas?|sem juros|vezes|mese|al mese|rata|raty|rat|miesiac|mies|mesicne|mesacne|splatky|splatka|mesecno|"
    "mjesecno|havi|reszlet|luna|rate fixe|per maand|termijnen|manad|man|delbetalning|maned|afdrag|kuukausi|kk|"
    "мес|месяц|рассрочка|в месяц|кредит|міс|taksit|ay|شهريا|قسط|أقساط|תשלומים|分割|分期|每期|期|月々|할부|개월|"
    "ผ่อน|tra gop|ansuran|cicilan|meness|menesi|kuus|x de|\\d+ x|\\d+x"
)
WITHOUT_TAX: Final = (
    "ex vat|excl vat|excluding vat|ex tax|excl tax|without vat|ex gst|netto|exkl mwst|zzgl mwst|ohne mwst|hors taxes?|"
    "sin iva|sem iva|iva esclusa|excl btw|bez vat|bez dph|bez pdv|afa nelkul|fara tva|exkl moms|ekskl mva|ekskl moms|"
    "alv 0|без ндс|без пдв|税抜|税別|本体価格|本体|未稅"
)
UNIT_LABELS: Final = (
    "per unit|unit price|price per|grundpreis|cena jednotkowa|jednotkova cena|egysegar|pret unitar|jamforpris|"
    "jmf pris|vertailuhinta|prix au kilo|prix au litre|precio por kg|precio por litro|preco por kg|"
    "prijs per kilo"
)
PER_UNIT: Final = (
    "count|ct|per unit|unit price|each 100|per 100|per kg|per litre|per liter|per lb|per oz|per sq|per m|pro|je 100|"
    "grundpreis|100 ?g|100 ?ml|1 ?kg|1 ?l|kg|litre|liter|ml|m2|sqm|sq ft|oz|lb|l|kilo|au kilo|le kilo|al kg|"
    "por kg|por litro|za kg|za 100|za 1|za litr|cena jednotkowa|jednotkova cena|egysegar|pret unitar|"
    "jamforpris|jmf pris|prm|vertailuhinta|за кг|за литр|за шт|unité|unidad|unidade|je|stuk|stuk prijs"
)
SOLD_OUT: Final = (
    "out of stock|sold out|currently unavailable|not available|no longer available|unavailable|"
    "temporarily unavailable|out of stock online|this item has sold|item sold|no stock|"
    "notify me when available|notify me when back|email me when available|back in stock soon|ausverkauft|"
    "nicht verfugbar|nicht auf lager|nicht lieferbar|vergriffen|derzeit nicht verfugbar|nicht mehr verfugbar|"
    "momentan nicht verfugbar|rupture de stock|en rupture|epuise|indisponible|plus disponible|agotado|"
    "sin stock|sin existencias|no disponible|fuera de stock|esgotado|sem estoque|indisponivel|"
    "produto indisponivel|avise me|nao disponivel|esaurito|non disponibile|terminato|uitverkocht|"
    "niet op voorraad|niet leverbaar|niet beschikbaar|wyprzedane|brak w magazynie|produkt niedostepny|"
    "niedostepny|brak towaru|chwilowo niedostepny|towar niedostepny|vyprodano|neni skladem|nedostupne|"
    "vypredane|nie je skladom|nedostupny|rasprodano|nije dostupno|nema na zalihi|nedostupno|elfogyott|"
    "nem elerheto|nincs raktaron|nincs keszleten|stoc epuizat|indisponibil|epuizat|slutsald|slut i lager|"
    "ej i lager|utsolgt|ikke pa lager|udsolgt|loppuunmyyty|ei varastossa|loppu|нет в наличии|распродано|"
    "нет на складе|товар закончился|немає в наявності|закінчився|tukendi|stokta yok|"
    "tukenmistir|غير متوفر|نفذت الكمية|نفد من المخزون|אזל מהמלאי|לא במלאי|売り切れ|在庫切れ|在庫なし|品切れ|"
    "完売|售完|已售完|缺貨|補貨中|完售|无货|缺货|售罄|已售罄|품절|일시품절|매진|재고없음|สินค้าหมด|หมด|"
    "het hang|tam het hang|stok habis|habis|nav noliktava|nav pieejams|isparduota|neturime|läbi müüdud|"
    "labi muudud|εξαντληθηκε|μη διαθεσιμο|изчерпан|няма наличност"
)
IN_STOCK: Final = (
    "in stock|[1-9]\\d* available|available now|in stock and ready|ready to ship|ships today|auf lager|"
    "sofort lieferbar|lieferbar|verfugbar|vorratig|en stock|disponible|disponivel|em estoque|em stock|"
    "en existencia|disponibile|disponibilita immediata|op voorraad|direct leverbaar|dostepny|w magazynie|na stanie|"
    "dostepnosc|skladem|skladom|na sklade|na zalihi|dostupno|raktaron|keszleten|in stoc|i lager|pa lager|"
    "varastossa|в наличии|есть в наличии|в наявності|stokta|متوفر|במלאי|在庫あり|有貨|現貨|现货|有货|재고있음|"
    "มีสินค้า|con hang|"
    "tersedia|noliktava|pieejams|laos|σε αποθεμα|διαθεσιμο|наличен|в наличност"
)
ENDED: Final = (
    "(?:ad|advert|advertisement|listing|auction|lot|bidding) (?:is |has |was |has been )?(?:over|ended|expired|"
    "closed|removed|deactivated|inactive|sold)|no longer (?:active|for sale|listed)|"
    "anzeige (?:ist )?(?:nicht mehr aktiv|beendet|deaktiviert|abgelaufen)|auktion beendet|angebot beendet|"
    "bereits verkauft|annonce (?:expiree|desactivee|supprimee)|vente terminee|enchere terminee|anuncio (?:caducado|"
    "finalizado|desactivado)|subasta finalizada|anuncio (?:expirado|encerrado)|leilao encerrado|"
    "annuncio (?:scaduto|non piu disponibile)|asta terminata|advertentie (?:verlopen|verwijderd)|veiling gesloten|"
    "ogloszenie (?:nieaktualne|zakonczone)|aukcja zakonczona|オークション終了|販売終了しました"
)
DISCONTINUED: Final = (
    "discontinued|no longer (?:made|produced|manufactured|in production|offered)|nicht mehr (?:hergestellt|"
    "produziert|im sortiment)|produktion eingestellt|aus dem sortiment genommen|plus (?:fabrique|produit|"
    "commercialise)|produit arrete|fabrication arretee|descatalogado|descontinuado|fuera de catalogo|"
    "ya no se fabrica|fora de linha|descontinuada|fuori produzione|fuori catalogo|uit productie|"
    "uit het assortiment|niet meer in productie|produkt wycofany|wycofano ze sprzedazy|produkcja zakonczona|"
    "vyroba ukoncena|снят с производства|снято с производства|utgatt|udgaet|utgar|生産終了|製造終了|"
    "販売終了|取扱終了|取り扱い終了|廃番|停产|"
    "停產|단종"
)
NOTIFY: Final = (
    "(?:notify|email|tell|alert|let) me(?: know)? (?:when|if|once)|notify me(?! of| about)|(?:join|"
    "join the) (?:waitlist|waiting list)|back in stock (?:alert|notification)|benachrichtig\\w{0,6}(?: mich)?|"
    "erinnere mich|(?:me prevenir|m avertir|prevenez moi|alertez moi|etre alerte)\\w{0,3}|avisame|avisarme|"
    "notificarme|avise me|avisem me|me avise|avvisami|avvertimi|notificami|mail mij|houd mij op de hoogte|"
    "laat het me weten|powiadom(?: mnie)?|hlidat (?:dostupnost|pes)|upozornit|meddela mig|giv mig besked|"
    "varsle meg|ilmoita minulle|сообщить о поступлении|уведомить|повідомити|gelince haber ver|"
    "再入荷|入荷お知らせ|入荷通知|貨到通知|"
    "到货通知|재입고"
)
SUBSCRIPTION: Final = (
    "members?|members? (?:price|save|pay)|membership|club price|with (?:the )?card|mitglied\\w{0,4}|"
    "clubpreis|mit karte|"
    "adherents?|socios?|soci|leden|clubprijs|klubow\\w{1,3}|会員|会員価格|會員價|会员价|회원가|"
    "subscribe|subscription|autoship|auto delivery|repeat delivery|subscribers?|im abo|abo|abonnement|"
    "abonne\\w{0,2}|suscribete|suscripcion|abbonamento|abbonati|assine|assinatura|abonnee|subskrypcj\\w|"
    "prenumeration|定期便|定期購入|お届け定期|訂閱|订阅|정기배송|정기구독"
)
LOWEST: Final = (
    "\\d+ (?:days?|tagen?|jours?|dni|giorni|dagen|dias|dni|dnu|dager|dagar|dage|nap|zile)|"
    "(?:lowest|niedrigster|tiefster|plus bas|mas bajo|mais baixo|piu basso|laagste|najnizsza|nejnizsi|lagsta) "
    "(?:price|preis|precio|preco|prezzo|prijs|cena|pris)(?: [a-z]{2,12}){0,5}"
)
"""The lowest price of the last weeks, which shops in the European Union have to name beside a reduced one."""
TIERS: Final = (
    "\\d+ (?:or more|and more|and up|and above|or above|pcs|pieces|units|stuck|stk|oder mehr|ou plus|o mas|ou mais|"
    "o piu|of meer|lub wiecej|szt|個以上|点以上)|(?:ab|buy|from|a partir de|des|desde|da|vanaf|"
    "od) \\d+(?: (?:stuck|stk|"
    "pcs|pieces|units|szt|st|unites|unidades|pezzi|stuks))?"
)
PREORDER: Final = (
    "pre order|preorder|pre order now|available for pre order|vorbestellen|vorbestellung|vorbestellbar|"
    "precommande|precommander|reserva ahora|preventa|pre venda|pre encomenda|preordine|preordina|prenota ora|"
    "pre orderen|przedsprzedaz|zamow przed premiera|predobjednavka|predobjednat|elorendeles|precomanda|"
    "forhandsboka|forudbestil|forhandsbestill|ennakkotilaa|предзаказ|on siparis|الطلب المسبق|予約|予約注文|"
    "預購|预订|预售|예약판매|예약구매"
)
BACKORDER: Final = (
    "back order|backorder|on backorder|available on backorder|nachbestellt|sur commande|bajo pedido|"
    "sob encomenda|su ordinazione|na zamowienie|na objednavku|по заказу|под заказ"
)
LIMITED: Final = (
    "only \\d+ left|only \\d+ remaining|last one|last items?|low stock|few left|nur noch \\d+|nur noch wenige|"
    "plus que \\d+|derniers articles|solo quedan|ultimas unidades|ultimi pezzi|ultime unita|nog maar \\d+|"
    "ostatnie sztuki|posledni kusy|ultimele|残りわずか|残り\\d+"
)
BUY: Final = (
    "add to (?:cart|bag|basket|trolley)|buy now|buy it now|buy|order now|purchase|"
    "in den (?:warenkorb|einkaufswagen)|in den korb|jetzt kaufen|kaufen|bestellen|ajouter au panier|acheter|"
    "commander|anadir (?:al carrito|a la cesta)|agregar al carr(?:o|ito)|comprar|comprar ahora|"
    "adicionar ao carrinho|adicionar|comprar agora|compre|aggiungi al carrello|acquista|in winkelwagen|"
    "in winkelmand|toevoegen aan winkelwagen|koop nu|do koszyka|dodaj do koszyka|kup teraz|kup|do kosiku|"
    "do kosika|pridat do kosika|koupit|kupit|dodaj u kosaricu|u kosaricu|kupi|kosarba|kosarba teszem|megveszem|"
    "adauga in cos|cumpara|lagg i (?:varukorg|varukorgen|kundvagn)|kop|kjop|legg i handlekurv|laeg i kurv|"
    "laeg i indkobskurv|tilfoj til kurv|lisaa ostoskoriin|osta|в корзину|купить|добавить в корзину|до кошика|"
    "в кошик|купити|sepete ekle|satin al|أضف إلى السلة|أضف إلى عربة التسوق|أضف للسلة|اشتري الآن|הוסף לסל|"
    "הוספה לסל|カートに入れる|かごに追加|買い物かごに入れる|カートへ|購入|加入購物車|放入購物車|立即購買|"
    "直接購買|加入购物车|立即购买|장바구니|구매하기|바로구매|구매|หยิบใส่ตะกร้า|เพิ่มลงตะกร้า|ซื้อ|"
    "them vao gio|mua ngay|tambah ke troli|beli sekarang|tambah ke keranjang|pievienot grozam|ielikt groza|"
    "pirkt|i krepseli|pirkti|lisa korvi|ostukorvi|προσθηκη στο καλαθι|добави в количката|купи"
)
ABOUT: Final = (
    "approximately|approx|about|circa|ca|etwa|ungefahr|environ|aproximadamente|unos|cerca de|przyblizeniu|около"
)
BRAND_LABELS: Final = (
    "brand|brand name|manufacturer|maker|marke|hersteller|marque|fabricant|marca|fabricante|marchio|produttore|"
    "merk|fabrikant|producent|marka|vyrobca|vyrobce|znacka|proizvodac|gyarto|producator|varumarke|tillverkare|"
    "maerke|merke|tuotemerkki|бренд|производитель|виробник|الماركة|العلامة التجارية|מותג|ブランド|メーカー|"
    "品牌|브랜드|제조사|razotajs|zimols"
)
MISLEADING: Final = (
    "from|starting|guarantee|cover|sold separately|deposit|gift card|warranty|protection plan|insurance|"
    "protection|trade in|worth|value|shop now|points?|bonus|credit|balance|subtotal|sub total|total|cart total|tax|fee|"
    "fees|tip|donation|sign up|newsletter"
)
NEXT_SECTION: Final = (
    "accessories|accessoires|accesorios|acessorios|accessori|akcesoria|prislusenstvo|doplnky|kiegeszitok|"
    "accesorii|tillbehor|tilbehor|tilbehoer|lisatarvikkeet|аксессуары|аксесуари|aksesuar|アクセサリー|配件|"
    "액세서리|dodaci|oprema|related|similar|you may also|you might also|also like|also bought|customers|"
    "recommended|recommendations?|recently viewed|frequently bought|more from|complete the look|bestsellers?|"
    "ahnliche|das konnte|kunden kauften|zuletzt angesehen|empfehlungen|passend dazu|zubehor|"
    "produits similaires|vous aimerez|articles similaires|recomendados|relacionados|tambien|tambem|similares|"
    "correlati|simili|potrebbe|gerelateerd|vergelijkbare|klanten kochten|podobne|polecane|inni kupili|klienci|"
    "podobne produkty|souvisejici|suvisiace|slicni|povezani|hasonlo|kapcsolodo|similare|recomandate|liknande|"
    "relaterade|lignende|relaterte|samankaltaiset|похожие|с этим товаром|рекомендуем|вместе с|смотрите также|"
    "схожі|benzer|منتجات مشابهة|قد يعجبك|関連商品|こちらもおすすめ|相關商品|推薦商品|相关商品|猜你喜欢|"
    "연관상품|추천상품|비슷한"
)

PRICE_WORDS: Final = frozenset(
    {
        "price",
        "prices",
        "pricing",
        "preis",
        "prix",
        "precio",
        "preco",
        "prezzo",
        "prijs",
        "cena",
        "ceny",
        "cijena",
        "ar",
    }
    | {"pret", "pris", "hinta", "fiyat", "tsena", "harga", "gia", "kaina", "hind", "amount", "cost", "prc", "money"}
)
NOW_WORDS: Final = frozenset(
    {"current", "final", "sale", "special", "now", "new", "actual", "our", "offer", "discounted", "selling", "buybox"}
    | {"promo", "today", "ahora", "actueel", "nova", "aktualna", "brutto", "gross", "incl"}
)
OLD_WORDS: Final = frozenset(
    {"old", "was", "list", "regular", "rrp", "msrp", "strike", "striked", "strikethrough", "stroke", "crossed", "cross"}
    | {"original", "compare", "before", "retail", "previous", "del", "base", "standard", "old_price", "uvp"}
    | {"antes", "ancien", "barre", "tachado", "lineprice", "linethrough", "market", "mrp", "normal", "through", "full"}
)
SURE_OLD_WORDS: Final = frozenset(
    {
        "old",
        "was",
        "rrp",
        "msrp",
        "strike",
        "striked",
        "strikethrough",
        "crossed",
        "compare",
        "before",
        "previous",
        "uvp",
    }
    | {"antes", "ancien", "barre", "tachado", "mrp", "through", "prev", "foerpris", "forpris"}
)
OTHER_WORDS: Final = frozenset(
    {
        "save",
        "saving",
        "savings",
        "saved",
        "shipping",
        "delivery",
        "installment",
        "installments",
        "instalment",
    }
    | {
        "monthly",
        "month",
        "finance",
        "financing",
        "credit",
        "loan",
        "unit",
        "perunit",
        "ppu",
        "point",
        "points",
        "bonus",
    }
    | {"loyalty", "reward", "rewards", "cashback", "coupon", "voucher", "deposit", "threshold", "fee"}
    | {
        "minicart",
        "subtotal",
        "total",
        "totals",
        "tier",
        "tiered",
        "bulk",
        "klarna",
        "afterpay",
        "affirm",
        "zip",
        "sezzle",
    }
    | {"warranty", "insurance", "net", "excl", "exvat", "extax", "excluding", "unitprice", "basis", "filter", "facet"}
    | {
        "parcela",
        "parcelas",
        "cuota",
        "cuotas",
        "wholesale",
        "membership",
        "subscribe",
        "subscription",
        "lowest",
        "omnibus",
    }
)
ELSEWHERE_WORDS: Final = frozenset(
    {"related", "recommend", "recommended", "recommendation", "recommendations", "recommender", "similar", "upsell"}
    | {
        "upsells",
        "crosssell",
        "crosssells",
        "crosssale",
        "cross",
        "also",
        "viewed",
        "recent",
        "recently",
        "bundle",
        "bundles",
    }
    | {
        "together",
        "accessories",
        "accessory",
        "complementary",
        "suggest",
        "suggested",
        "suggestions",
        "suggestion",
        "sidebar",
    }
    | {"minicart", "cart", "basket", "wishlist", "footer", "header", "nav", "navbar", "navigation", "menu", "megamenu"}
    | {
        "review",
        "reviews",
        "comments",
        "breadcrumb",
        "breadcrumbs",
        "newsletter",
        "banner",
        "ad",
        "ads",
        "advert",
        "adv",
    }
    | {
        "sponsored",
        "promoted",
        "carousel",
        "slick",
        "swiper",
        "owl",
        "bestseller",
        "bestsellers",
        "trending",
        "popular",
    }
    | {
        "cookie",
        "cookies",
        "popup",
        "modal",
        "drawer",
        "compare",
        "comparison",
        "others",
        "listing",
        "rec",
        "recs",
        "reco",
    }
    | {"history", "alternatives", "addon", "addons", "gift", "seller", "sellers", "autocomplete", "search"}
)
TAX_WORDS: Final = frozenset({"tax", "taxes", "vat", "mwst", "iva", "tva", "dph", "pdv", "moms", "gst", "ust"})
"""Where a box is called nothing else, it holds the price with the tax, or without."""

_ONLY_IN: Final = {
    "abo": "de fr",
    "apr": "en",
    "avant": "fr",
    "ay": "tr",
    "des": "fr pt",
    "fois": "fr",
    "giam": "vi",
    "havi": "hu",
    "hemat": "id ms",
    "kk": "fi",
    "kuus": "et",
    "leden": "nl",
    "luna": "ro",
    "man": "sv da no nb nn",
    "mån": "sv",
    "mes": "es pt ca gl",
    "mês": "pt gl",
    "mese": "it",
    "mo": "en",
    "norm": "fi sv da no nb nn",
    "portes": "pt",
    "prima": "it ro",
    "rat": "pl",
    "rata": "pl it",
    "rate": "de it ro",
    "reg": "en es",
    "soci": "it",
    "spar": "da no nb nn sv",
    "transport": "pl ro fr de sv da no nb nn",
}
"""Labels that are everyday words elsewhere: they are heard where the page's language, or its country's, is theirs."""
_SPOKEN_IN: Final = {
    "se": "sv",
    "dk": "da",
    "ee": "et",
    "ca": "fr",
    "br": "pt",
    "mx": "es",
    "ar": "es",
    "at": "de",
    "ch": "de",
}
"""Countries whose first language is called otherwise than they are."""


def languages_of(tag: str | None, host: str) -> frozenset[str]:
    """Of a page: the one that it declares and that of its address's country. None where it declares none."""
    if not tag:
        return frozenset()
    country = host.rpartition(".")[2].lower()
    return frozenset({tag[:3].partition("-")[0].lower(), _SPOKEN_IN.get(country, country)})


@lru_cache(maxsize=64)
def foreign_to(languages: frozenset[str]) -> re.Pattern[str] | None:
    """The words that are labels in none of these; None where any language may be meant."""
    foreign = [word for word, where in _ONLY_IN.items() if not languages & set(where.split())]
    if not languages or not foreign:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, foreign))})(?!\w)", re.IGNORECASE)


@cache
def pattern(words: str) -> re.Pattern[str]:
    """The alternatives as whole words; in scripts without blanks, anywhere."""
    each = _BAR.split(unaccented(words))
    spaced = [word for word in each if not _unspaced(word)]
    joined = [word for word in each if _unspaced(word)]
    parts = [rf"(?<![^\W_])(?:{'|'.join(sorted(spaced, key=len, reverse=True))})(?![^\W_])"]
    if joined:
        parts.append("|".join(sorted(joined, key=len, reverse=True)))
    return re.compile("|".join(parts))


def _unspaced(word: str) -> bool:
    return any(
        "\u0e00" <= sign < "\u0e80" or "\u3040" <= sign < "\ua000" or "\uac00" <= sign < "\ud7b0" for sign in word
    )
