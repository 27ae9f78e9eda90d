"""A name's sound in Chinese characters, syllable by syllable, as names from other languages are written.

The characters are those that such names are commonly written with. Where several are common for a sound, the
name decides which, so that the same name is always written in the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.creature.draws import Draws

MOST = 5  # characters

# Rows: consonants. Columns: what follows them; "" is a consonant alone. A cell: characters, each with its
# pinyin without tones; none where the column before it serves.
_COLUMNS = ("", "a", "e", "i", "o", "u", "ai", "ei", "ao", "an", "en", "in", "on")
_TABLE = """
- . 阿a,亚ya 艾ai,埃ai 伊yi,依yi 欧ou,奥ao 乌wu,优you 艾ai 艾ai 奥ao 安an 恩en 因yin 翁weng,昂ang
b 布bu 巴ba,芭ba 贝bei 比bi,碧bi 波bo,博bo 布bu 拜bai 贝bei 宝bao 班ban 本ben 宾bin 邦bang
p 普pu 帕pa 佩pei 皮pi 波bo,珀po 普pu 派pai 佩pei 泡pao 潘pan 彭peng 品pin 庞pang
m 姆mu 玛ma,马ma 梅mei,美mei 米mi,蜜mi 莫mo,摩mo 穆mu 迈mai 美mei 毛mao 曼man 门men 明ming 蒙meng
f 夫fu,弗fu 法fa 菲fei 菲fei,飞fei 福fu 芙fu,弗fu 法fa 飞fei 福fu 凡fan 芬fen 芬fen 丰feng
v 夫fu 瓦wa,娃wa 维wei 维wei,薇wei 沃wo 武wu 维wei 薇wei 沃wo 万wan 文wen 文wen 旺wang
d 德de 达da 德de,黛dai 迪di,蒂di 多duo,朵duo 杜du 戴dai 黛dai 道dao 丹dan 登deng 丁ding 东dong,顿dun
t 特te 塔ta 特te,泰tai 提ti,蒂di 托tuo,托tuo,陀tuo 图tu 泰tai 泰tai 陶tao 坦tan 藤teng 汀ting 顿dun,童tong
n 恩en 娜na,纳na 内nei,奈nai 尼ni,妮ni 诺nuo 努nu 奈nai 内nei 瑙nao 楠nan,南nan 能neng 宁ning 农nong
l 尔er,勒le 拉la 莱lai,勒le 莉li,利li 洛luo 鲁lu,露lu 莱lai 雷lei 劳lao 兰lan 伦lun 林lin 隆long
r 尔er 拉la 雷lei,勒le 里li,丽li 罗luo,洛luo 鲁lu 莱lai 蕾lei 劳lao 兰lan 伦lun 林lin 龙long,隆long
g 格ge 加jia,加jia,嘎ga 格ge 吉ji,基ji 戈ge,格ge 古gu,古gu,咕gu 盖gai 盖gai 高gao 甘gan 根gen 金jin 贡gong
k 克ke 卡ka 克ke,凯kai 奇qi,基ji 科ke,科ke,可ke 库ku,库ku,酷ku 凯kai 凯kai 考kao 坎kan 肯ken 金jin 康kang
h 赫he 哈ha 赫he 希xi 霍huo,荷he 胡hu,虎hu 海hai 黑hei 豪hao 汉han 亨heng 欣xin 洪hong,鸿hong
s 斯si,斯si,斯si,丝si 萨sa,莎sha 塞sai 西xi,希xi 索suo 苏su 赛sai 塞sai 索suo 桑sang 森sen 辛xin 松song
z 兹zi 扎zha 泽ze 兹zi,吉ji 佐zuo 祖zu 赛sai 泽ze 佐zuo 赞zan 曾zeng 津jin 宗zong
sh 什shi 沙sha,莎sha 谢xie,雪xue 西xi,希xi 肖xiao,秀xiu 舒shu 夏xia 雪xue 肖xiao 山shan 申shen 欣xin 雄xiong
ch 奇qi 查cha,恰qia 切qie 奇qi,琪qi 乔qiao,丘qiu 丘qiu,楚chu 柴chai 切qie 巧qiao 昌chang 晨chen 青qing 冲chong
j 吉ji 贾jia,佳jia 杰jie 吉ji,杰jie 乔qiao,焦jiao 朱zhu 佳jia 杰jie 娇jiao 江jiang 珍zhen 金jin 钟zhong
w . 瓦wa,娃wa 维wei,韦wei 威wei,薇wei 沃wo 武wu,乌wu 怀huai 薇wei 沃wo 万wan 温wen 温wen 旺wang
y . 亚ya,雅ya 耶ye 伊yi 约yue,悠you 尤you 亚ya 耶ye 尧yao 扬yang 延yan 英ying 永yong
"""


def _table() -> dict[tuple[str, str], list[tuple[str, str]]]:
    cells: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for line in _TABLE.split("\n")[1:-1]:
        consonant, *row = line.split()
        for column, cell in zip(_COLUMNS, row, strict=True):
            if cell != ".":
                choices = [(choice[0], choice[1:]) for choice in cell.split(",")]
                cells["" if consonant == "-" else consonant, column] = choices
    return cells


CHARACTERS = _table()

# English spelling → the sounds of the table, one after the other.
_SPELLINGS = (
    (r"([^eo])\1+", r"\1"), (r"tch|tsch", "C"), (r"dge?(?=$|[^aeiou])|dg", "j"), (r"sch|sh", "S"),
    (r"ch", "C"), (r"ck", "k"), (r"ph", "f"), (r"gh", "g"), (r"th", "s"), (r"rh", "r"), (r"^wr", "r"),
    (r"^kn|^gn", "n"), (r"^ps", "s"), (r"wh", "w"), (r"qu", "kw"), (r"q", "k"), (r"x", "ks"), (r"^ts", "s"),
    (r"c(?=[eiy])", "s"), (r"c", "k"), (r"y(?![aeiou])", "i"),
    (r"(?<=[^aeiou])e$", ""),  # not heard
    (r"(?<=[^aeiouwy])er(?=$|[^aeiou])", "E"), (r"h(?![aeiou])", ""), (r"m(?=[bp])", "n"),
)  # fmt: skip
_UNIT = re.compile(
    r"(?P<onset>[bpmfvdtnlrgkhszSCjwy]?)"
    r"(?P<vowel>ai|ay|ei|ey|ee|ea|ie(?=$|[^aeiou])|oo|ou|ow|oa|ue|eu|ew|au|aw|oi|ui|[aeiouE])"
    r"(?P<nasal>ng?(?![aeiouE]))?"
    r"|(?P<alone>.)"
)
_VOWELS = {
    "ay": "ai", "ey": "ei", "ee": "i", "ea": "i", "ie": "i", "oo": "u", "ou": "u", "ow": "ao", "oa": "o",
    "ue": "u", "eu": "u", "ew": "u", "au": "ao", "aw": "ao", "oi": "o", "ui": "i", "E": "e",
}  # fmt: skip
_BEFORE_N = {"a": "an", "ai": "an", "ao": "an", "e": "en", "ei": "en", "i": "in", "o": "on", "u": "en"}
_LARGE = {"S": "sh", "C": "ch"}


@dataclass(frozen=True, slots=True)
class Chinese:
    """A name in Chinese characters."""

    characters: str
    pinyin: list[str]  # of each character, without tones


def transliterate(name: str) -> Chinese:
    """How a name of Latin letters is written in Chinese: in 1 to MOST characters."""
    letters = re.sub(r"[^a-z]", "", name.lower())
    draws = Draws("chinese", letters)
    units = _units(letters)
    while len(units) > MOST and (least := _least_heard(units)) is not None:
        del units[least]
    chosen = [draws.one_of(CHARACTERS[unit]) for unit in units[:MOST]]
    return Chinese("".join(c for c, _ in chosen), [pinyin for _, pinyin in chosen])


def _units(letters: str) -> list[tuple[str, str]]:
    """(consonant, what follows) of each syllable, cells of the table."""
    for pattern, sound in _SPELLINGS:
        letters = re.sub(pattern, sound, letters)
    units: list[tuple[str, str]] = []
    for match in _UNIT.finditer(letters):
        if alone := match["alone"]:
            units.append((_LARGE.get(alone, alone), ""))
            continue
        vowel = _VOWELS.get(match["vowel"], match["vowel"])
        column = _BEFORE_N[vowel] if match["nasal"] else vowel
        units.append((_LARGE.get(match["onset"], match["onset"]), column))
    return [unit for unit in units if unit in CHARACTERS]


def _least_heard(units: list[tuple[str, str]]) -> int | None:
    """What a long name can best do without: a consonant that no vowel follows, r and l before others."""
    for consonants in ("rl", "hwysz", "fvmn", "tdkgbp"):
        for i in range(len(units) - 1, 0, -1):
            if units[i][1] == "" and units[i][0] in consonants:
                return i
    return None
