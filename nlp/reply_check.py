"""Flag an answer that says nothing or speaks of something else (答非所问) before it is sent."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from nlp.alike import shingles
from nlp.classify import classify, marks
from nlp.courtesy import courtesy
from nlp.plain import plain
from nlp.rules import OTHER, Rules

LEFT_MIN = 2  # characters that must remain beside formulas and echoes of the question
SCORE_MIN = 6  # an answer speaks of another matter only where a word of some weight says so
HEAD_LENGTH_MAX = 2_000

_FORMULAS = (
    "已经处理完毕|处理完毕|已处理好|处理好了|已处理|已办结|已办理|办结|已解决|解决了|已落实|落实到位|已整改|整改到位|已核实|已知悉|知悉|知晓|收悉|已收到|收到|已阅|已转办|已转交|已交办|已移交|已反馈|已上报|"
    "已联系|已记录|已登记|已受理|受理|转交|转办|转至|转到|转给|交由|交办|移交|责成|要求|通知|上报|反馈|联系|相关职能部门|相关部门|有关部门|职能部门|主管部门|各部门|部门|相关单位|责任单位|单位|责任人|相关人员|工作人员|有关|"
    "相关|调查处理|核实处理|处理|办理|核实|调查|了解|解决|落实|整改|跟进|跟踪|关注|高度重视|重视|我们|我局|我镇|我村|我办|本局|本镇|我|您|你|将会|将|会|尽快|尽早|及时|积极|认真|进一步|研究|协调|督促|督办|加强|加大|力度|"
    "管理|监管|工作|感谢|谢谢|多谢|来信|来电|留言|反映|反应|诉求|事项|事情|此事|该事|问题|情况|事件|案件|意见|建议|投诉|举报|支持|理解|配合|监督|关心|信任|您好|你好|网友|市民|居民|群众|群众朋友|朋友|尊敬的|敬请谅解|谅解|"
    "耐心等待|等待|等候|通知|祝|生活愉快|身体健康|工作顺利|万事如意|如有|疑问|其他|欢迎|再次|致电|咨询|拨打|按照|根据|规定|政策|法律法规|依法|依规|依法依规|有序|推进|正在|目前|现在|已经|程序|流程|时限|答复|回复|予以|给予|进行|"
    "对此|针对|关于|第一时间|全力|持续|不断|确保|满意|服务|为民|领导|指示|批示|安排|专人|请|已|好的|可以|同意|结束|完成|完毕|妥善|圆满|之中|当中|结果|争取|努力|做好|一定|后续|下一步|情况属实|属实|中心"
)
_FORMULA = re.compile("|".join(sorted(set(_FORMULAS.split("|")), key=len, reverse=True)))
# Who acts names no matter: a clinic may spray against mosquitoes.
_ACTORS = re.compile(
    "物业公司|物业|城管队员|城管|民警|交警|派出所|公安|卫生院|疾控中心|社区|学校|老板|店主|店家|商家|施工方|施工队|供电所|供电公司|电力公司|水务公司|"
    "自来水公司|燃气公司|公交公司|环卫所|环卫工人|环保所|生态环境局|市场所|市场监管所|村委会|村干部|网格员|志愿者|执法队员|执法队|执法人员|维修队|抢修队|当事人|"
    "家长|住户|业主|护工|民政所|民政|消防队|收容所|公司|师傅|电工"
)
_FUNCTION = re.compile(
    "[\\W_的了是在与和及或也都就还再才把将给从为对向到等后以于并且而所之中已会请让由您你我们]+"
)

# 已换, 修好: one character that says what was done is an answer.
_DEED = re.compile("[换修装拆清补填疏通挖搬扫焊刷罚拖砍赔退铲锁劝]")

Kind = Literal["empty", "formula", "off_topic"]
_REASONS: dict[Kind, str] = {
    "empty": "答复是空的，没有说怎么处理。",
    "formula": "答复只有套话，没有说做了什么、结果怎样。",
    "off_topic": "答复说的好像是另一件事，请核对是否答非所问。",
}


@dataclass(frozen=True, slots=True)
class Flag:
    """Why an answer should be looked at again; `reason` is for the person who wrote it."""

    kind: Kind
    reason: str


def check(question: str, answer: str, rules: Rules) -> Flag | None:
    """What is wrong with the answer to a report, None where nothing is seen. It warns; it never blocks.

    To no question ("") no answer is off topic.
    """
    asked, told = plain(question[:HEAD_LENGTH_MAX]), plain(answer[:HEAD_LENGTH_MAX])
    kind = _kind(asked, told, rules)
    return Flag(kind, _REASONS[kind]) if kind else None


def _kind(asked: str, told: str, rules: Rules) -> Kind | None:
    if courtesy(told) == "greeting" or not re.search(r"\w", told):
        return "empty"
    said = _FORMULA.sub(" ", told)
    left = _FUNCTION.sub("", _without_echo(said, asked))
    if len(left) < LEFT_MIN and not _DEED.search(said):
        return "formula"
    return "off_topic" if asked and _is_elsewhere(asked, said, rules) else None


def _without_echo(text: str, asked: str) -> str:
    """The text without the runs of two and more characters that the question has too."""
    echoed = [False] * len(text)
    for start in range(len(text) - 1):
        if text[start : start + 2] in asked:
            echoed[start] = echoed[start + 1] = True
    return "".join(each for each, is_echo in zip(text, echoed, strict=True) if not is_echo)


def _is_elsewhere(asked: str, said: str, rules: Rules) -> bool:
    """Whether the answer has words of a matter of its own, and none of the question's."""
    if shingles(asked) & shingles(said):
        return False
    said = _ACTORS.sub(" ", said)
    guess = classify(said, replace(rules, opening=0))  # an answer has no title that counts twice
    if guess.category == OTHER or guess.uncertain or guess.score < SCORE_MIN:
        return False
    return _categories(asked, rules).isdisjoint(_categories(said, rules))


def _categories(text: str, rules: Rules) -> set[str]:
    return {code for mark in marks(text, rules) for code, weight in mark.weights if weight > 0}
