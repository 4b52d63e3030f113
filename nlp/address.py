"""Find what looks like an address, by the way places are named and not by any list of names."""

import re
from collections.abc import Iterable, Iterator

from nlp.times import times

LENGTH_MIN = 2
# What places end with.
_UNIT = (
    "自治州|地区|街道办事处|街道办|街道|办事处|社区|居委会|村委会|村部|管委会|开发区|高新区|工业园区|工业园|产业园|园区|新区|"
    "安置小区|住宅小区|小区|花园|家园|新村|新城|公寓|山庄|国际城|名城|名苑|雅苑|嘉园|公馆|苑|府邸|大厦|写字楼|商业广场|广场|"
    "大道|大街|步行街|商业街|路段|快速路|环线|高速公路|国道|省道|县道|路|街|巷子|巷|弄|胡同|里弄|立交桥|大桥|天桥|桥|隧道|涵洞|"
    "火车站|高铁站|汽车站|客运站|公交站|地铁站|收费站|加油站|变电站|垃圾站|车站|码头|机场|公园|景区|水库|河道|农贸市场|菜市场|批发市场|市场|"
    "购物中心|商场|超市|酒店|宾馆|饭店|餐馆|网吧|影院|银行|药店|茶楼|酒楼|洗浴中心|搅拌站|养猪场|养殖场|采石场|砖厂|水泥厂|化工厂|造纸厂|工厂|厂|"
    "有限责任公司|有限公司|公司|集团|职业技术学院|职业学院|幼儿园|小学|中学|一中|二中|学校|学院|大学|培训中心|人民医院|中心医院|医院|卫生院|卫生室|诊所|"
    "派出所|镇政府|乡政府|区政府|县政府|市政府|政府|法院|村民小组|村|屯|镇|乡|县|市|州|区"
)
_UNIT_STARTS = "".join(dict.fromkeys(unit[0] for unit in _UNIT.split("|")))
_A_UNIT = f"(?=[{_UNIT_STARTS}])(?:{_UNIT})"  # a set is looked up faster than so many words are tried
# Characters that no name holds.
NAME_STOP = (
    "的了我你您他她它们是吗呢吧啊着过得很太都也还又没不无已请问这那哪某该每因由被把让给所而且但若如即及"
)
_NAMED = rf"(?:(?:(?![{NAME_STOP}])[\u4e00-\u9fffA-Za-z0-9·]){{1,9}}?{_A_UNIT})"
# 3号楼, 3-2-501, 二单元
_HOUSE = (
    r"(?:(?:第?[\dA-Za-z一二三四五六七八九十]{1,4}[-－—]\d{1,4}(?:[-－—]\d{1,4})?(?:号楼|栋|幢|室|号|单元)?)"
    r"|(?:第?[\dA-Za-z一二三四五六七八九十]{1,5}(?:号楼|号院|号门|号线|号|栋|幢|座|单元|楼|层|室|组|队|社|弄|期|区|片区|标段|网格|门)(?![子房梯上下间])))"
)
_BESIDE = (
    "(?:与|和|、)?(?:交叉路口|交叉口|交汇处|交界处|十字路口|路口|丁字路口|大门口|后门口|门口|正门|后门|东门|西门|南门|北门|大门|正对面|斜对面|对面|"
    "旁边|边上|附近|周边|东北角|西北角|东南角|西南角|东侧|西侧|南侧|北侧|东边|西边|南边|北边|东头|西头|后面|前面|后山|里面|桥下|楼下|楼顶|地下车库|停车场|中段|东段|西段|南段|北段|旁|处|段|内|外)"
)
_HOME = r"[\u4e00-\u9fff]家(?=门口|门前|旁|屋后|对面|隔壁)"
_CHAIN = re.compile(
    rf"(?:{_NAMED}(?:(?:与|和){_NAMED}(?=交叉|交汇|交界|路口))?|{_HOUSE}|{_HOME}|{_A_UNIT}(?={_BESIDE}))++(?:的?{_BESIDE}){{0,2}}"
)
# Words that lead up to a place and are none of its name.
_LEAD_UP = re.compile(
    "^.{0,9}(?:位于|坐落于|坐落在|住在|家住|地处|来自|反映|反应|投诉|举报|咨询|建议|关于|希望|要求|恳请|强烈|紧邻|靠近|毗邻|通往|途经|路过|经过|前往|现在|目前|"
    "昨天|今天|昨晚|最近|近期|质疑|质问|求助|曝光|揭露|整治|整改|治理|查处|取缔|解决|督促|重视|切实|说说|为何|何时|发布|转入|购买|欠|要么|再加上|取消|增设|开通|新建|扩建|规划|打造|加强|完善|加快|拆除|收取|"
    "在|从|到|至|往|去|对(?!面)|就|向(?![阳前荣])|有(?!限)|是|为|致|由|住|请|求|于|将|何|望|(?:与|和(?![平谐睦顺美兴安家]))(?!.*交))(?=.)"
)
# No place one could go to: 整个小区, 农村, 二期.
_GENERIC = re.compile(
    "^(?:(?:一|几|整|两|多|各|全|本|农|乡|山|城|市|郊|社|地|街|小|新|老|旧|同|周边|附近|有些|某些|许多|很多|居民|住宅|高档|普通|公|私|铁|马|道|网|思|套|出|一条|"
    "大|正规|项目|水泥|生活|管理|办公|什么|行车|政府|三甲|两级|中央|农贸|国有|民营|私营|外资|物业|开发|房地产|建筑|保险|个|整个|一个|几个|全国|全省|全市|全县|全村|全区|全镇|贵|当地|地方|上级|各级|党委|县乡|村镇|"
    "超|门|股|房|上|都|入|城乡|菜|集|夜|高等|高|初|重点|公立|私立|民办|公办|附属|农家|五星级|快递|装修|劳务|供电|自来水|燃气|公交|出租车|施工|物流|电力))?"
    f"(?:{_UNIT})$|^(?:[一二三四五六七八九十两\\d]{{1,2}}(?:期|区|层|楼|组|队|号|社|座|门))$"
)
_NO_PLACE = re.compile("走投无路|套路|网路|思路|半路|铁路|公路|马路|道路")


def places(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each place, without the words that lead up to it."""
    text = blanked(text, times(text))  # 昨晚和平路积水: the name begins after the time
    for found in _CHAIN.finditer(text):
        lead = _LEAD_UP.match(found[0])
        start = found.start() + (lead.end() if lead else 0)
        phrase = text[start : found.end()]
        if len(phrase) >= LENGTH_MIN and not _GENERIC.search(phrase) and not _NO_PLACE.fullmatch(phrase):
            yield start, found.end()


def blanked(text: str, found: Iterable[re.Match[str]]) -> str:
    """The text with spaces in the place of what was found, from left to right; positions stay."""
    parts, end = [], 0
    for one in found:
        parts += [text[end : one.start()], " " * (one.end() - one.start())]
        end = one.end()
    return "".join([*parts, text[end:]])
