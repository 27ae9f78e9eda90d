"""Names that are proposed with the shipped file: the same for ever, sayable, nobody else's, never rude."""

import re
from itertools import islice

import pytest

from bot.creature.draws import creature_key
from bot.creature.name_file import name_file
from bot.creature.name_rules import is_real, is_rude, is_rude_pinyin
from bot.creature.names import Name, proposals, propose
from bot.creature.traits import TYPES
from bot.creature.transliteration import CHARACTERS, MOST, transliterate

KEYS = [creature_key("0123abcd", i.to_bytes(4, "big")) for i in range(1000)]


@pytest.fixture(scope="module")
def named() -> list[Name]:
    return [propose(key, (TYPES[i % len(TYPES)],)) for i, key in enumerate(KEYS)]


def test_a_creature_always_has_the_same_name() -> None:
    """Written down: names that changed with a version would surprise whoever looks at a creature again."""
    assert creature_key("checkpoint", b"w") == 10675094345403076383
    assert propose(12345, ("Fire", "Dragon")) == Name("Flatacent", "弗拉塔森特")


def test_names_are_sayable_and_of_good_length(named: list[Name]) -> None:
    for name in named:
        assert re.fullmatch(r"[A-Z][a-z]{3,9}", name.latin), name
        assert not re.search(r"[^aeiouy]{4}|[aeiou]{3}|(.)\1\1", name.latin.lower()), name
        assert re.fullmatch(r"[\u4e00-\u9fff]{2,5}", name.chinese), name


def test_few_are_alike(named: list[Name]) -> None:
    """Of 10,000 fewer than 100; so of 1,000, with a hundredth of the pairs, fewer than 5."""
    assert len(KEYS) - len({name.latin for name in named}) < 5
    assert len(KEYS) - len({name.chinese for name in named}) < 5


def test_none_is_real_or_rude_in_either_language(named: list[Name]) -> None:
    file = name_file()
    for name in named:
        pinyin = transliterate(name.latin).pinyin
        assert transliterate(name.latin).characters == name.chinese
        assert not is_real(name.latin, file) and not is_real(name.chinese, file)
        assert not is_rude(name.latin, file) and not is_rude(name.chinese, file)
        assert not is_rude_pinyin(pinyin, file)


@pytest.mark.parametrize(
    "name",
    ["Pikachu", "pikachu", "Pikchu", "Pikkachu", "Pikaghu", "Glurak", "Bisasam", "Salamèche", "Flabébé",
     "Mr. Mime", "皮卡丘", "皮卡", "皮卡山丘", "皮夫丘", "幼基拉斯", "芬基拉斯", "妙蛙種子", "妙蛙种子"],
)  # fmt: skip
def test_real_names_and_their_neighbours_are_known(name: str) -> None:
    assert is_real(name, name_file())


@pytest.mark.parametrize("name", ["Moltigo", "Fizzle", "Pikanchi", "莫尔提戈", "卡利诺"])
def test_other_names_are_free(name: str) -> None:
    assert not is_real(name, name_file())


@pytest.mark.parametrize(
    "name",
    ["Shitake", "Sh1tor", "Fukkor", "Phuckle", "Dickory", "Dikkor", "Asslet", "Titron", "Hitleron",
     "Kuntar", "Merdeon", "Caonima", "Shabion", "Jibalon", "Cao", "拉希特勒", "乳拉", "王八蛋卡"],
)  # fmt: skip
def test_rude_names_are_known_however_they_are_spelled(name: str) -> None:
    assert is_rude(name, name_file())


def test_a_chinese_name_is_rude_if_it_sounds_so() -> None:
    file = name_file()
    assert is_rude_pinyin(["ka", "ji", "ba", "la"], file)  # other characters, the same syllables
    assert not is_rude_pinyin(["jib", "a"], file)


def test_a_taken_name_is_followed_by_others() -> None:
    first = [propose(KEYS[0], ("Water",), attempt) for attempt in range(12)]
    assert first == list(islice(proposals(KEYS[0], ("Water",)), 12))
    assert len({name.latin for name in first}) == len({name.chinese for name in first}) == 12


def test_names_sound_of_their_type() -> None:
    """Sounds of a type are commoner in its own names than in those of others."""
    telling = {
        "Water": "sea|quag|shel|mar|bar",
        "Ice": "glac|lite|berg|snow|snor|smoo",
        "Dragon": "dra|gon|zor",
    }
    for kind, sounds in telling.items():
        counts = {
            of: sum(bool(re.search(sounds, propose(key, (of,)).latin.lower())) for key in KEYS[:100])
            for of in (kind, "Normal")
        }
        assert counts[kind] > 1.4 * counts["Normal"], (kind, counts)


def test_without_known_types_there_is_a_name_all_the_same() -> None:
    assert propose(KEYS[1], ()).latin


# Transliteration.


@pytest.mark.parametrize(
    ("name", "pinyin"),
    [
        ("Moltigo", "mo le ti ge"), ("Quillow", "ke wei lao"), ("Magoosh", "ma gu shi"), ("Xan", "ke sang"),
        ("Phanto", "fan tuo"), ("Wheelish", "wei li shi"), ("Latine", "la ting"),
        ("Miller", "mi le"), ("Yanoo", "ya nu"),
        ("Knackal", "na ka le"), ("Cindra", "xin de la"), ("Thrumble", "si lun bu er"),
        ("Drakklestrom", "de la ke lai luo"),
    ],
)  # fmt: skip
def test_syllables_become_characters(name: str, pinyin: str) -> None:
    assert transliterate(name).pinyin == pinyin.split()


def test_every_string_of_letters_can_be_written() -> None:
    for name in ("", "a", "zzzz", "hhhh", "Aeiouy", "Étoile", "x" * 40, "wyhj"):
        chinese = transliterate(name)
        assert len(chinese.characters) == len(chinese.pinyin) <= MOST


def test_characters_are_read_as_the_table_says() -> None:
    """Each character has one reading in the whole table."""
    readings: dict[str, set[str]] = {}
    for choices in CHARACTERS.values():
        for character, pinyin in choices:
            assert len(character) == 1 and re.fullmatch(r"[a-z]+", pinyin)
            readings.setdefault(character, set()).add(pinyin)
    assert all(len(found) == 1 for found in readings.values()), readings
