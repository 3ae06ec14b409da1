"""The facts of the closed world as tables; the order of rows is part of the shipped data."""

from itertools import pairwise

from demo.world.vocabulary import words

_COUNTRY_ROWS = """France,Paris,Europe,euro,French
Germany,Berlin,Europe,euro,German
Spain,Madrid,Europe,euro,Spanish
Italy,Rome,Europe,euro,Italian
Poland,Warsaw,Europe,zloty,Polish
Sweden,Stockholm,Europe,krona,Swedish
Norway,Oslo,Europe,krone,Norwegian
Greece,Athens,Europe,euro,Greek
Hungary,Budapest,Europe,forint,Hungarian
Portugal,Lisbon,Europe,euro,Portuguese
Russia,Moscow,Europe,ruble,Russian
Turkey,Ankara,Asia,lira,Turkish
Japan,Tokyo,Asia,yen,Japanese
China,Beijing,Asia,yuan,Chinese
India,Delhi,Asia,rupee,Hindi
Vietnam,Hanoi,Asia,dong,Vietnamese
Thailand,Bangkok,Asia,baht,Thai
Israel,Jerusalem,Asia,shekel,Hebrew
Iran,Tehran,Asia,rial,Persian
Mongolia,Ulan Bator,Asia,tugrik,Mongolian
Egypt,Cairo,Africa,pound,Arabic
Kenya,Nairobi,Africa,shilling,Swahili
Nigeria,Abuja,Africa,naira,English
Ghana,Accra,Africa,cedi,English
Ethiopia,Addis Ababa,Africa,birr,Amharic
Morocco,Rabat,Africa,dirham,Arabic
Angola,Luanda,Africa,kwanza,Portuguese
Brazil,Brasilia,South America,real,Portuguese
Peru,Lima,South America,sol,Spanish
Chile,Santiago,South America,peso,Spanish
Colombia,Bogota,South America,peso,Spanish
Venezuela,Caracas,South America,bolivar,Spanish
Canada,Ottawa,North America,dollar,English
Mexico,Mexico City,North America,peso,Spanish
Cuba,Havana,North America,peso,Spanish
Jamaica,Kingston,North America,dollar,English
Australia,Canberra,Oceania,dollar,English
Fiji,Suva,Oceania,dollar,Fijian"""
_ELEMENT_ROWS = (
    "hydrogen H,helium He,lithium Li,beryllium Be,boron B,carbon C,nitrogen N,oxygen O,fluorine F,neon Ne,sodium Na,"
    "magnesium Mg,aluminium Al,silicon Si,phosphorus P,sulfur S,chlorine Cl,argon Ar,potassium K,calcium Ca,"
    "scandium Sc,titanium Ti,vanadium V,chromium Cr,manganese Mn,iron Fe,cobalt Co,nickel Ni,copper Cu,zinc Zn"
)
_ANIMAL_ROWS = {
    "mammal": "dog cat horse whale bat lion mouse bear",
    "bird": "eagle owl penguin duck parrot swan robin crow",
    "fish": "shark salmon trout tuna cod carp eel herring",
    "reptile": "snake lizard turtle crocodile gecko iguana",
    "insect": "ant bee beetle moth wasp fly cricket mosquito",
    "amphibian": "frog toad newt salamander",
}
_PARENTS = "dog cat horse cow sheep lion duck frog goat deer kangaroo goose pig swan bear eagle"
_CHILDREN = "puppy kitten foal calf lamb cub duckling tadpole kid fawn joey gosling piglet cygnet cub eaglet"
_OPPOSITES = (
    "hot:cold,big:small,fast:slow,old:young,wet:dry,high:low,light:dark,rich:poor,hard:soft,open:closed,early:late,"
    "full:empty,strong:weak,happy:sad,clean:dirty,loud:quiet,near:far,thick:thin,deep:shallow,sweet:bitter"
)

Pairs = tuple[tuple[str, str], ...]

DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
MONTHS = words("January February March April May June July August September October November December")


def swapped(pairs: Pairs) -> Pairs:
    """Return every pair the other way round."""
    return tuple((right, left) for left, right in pairs)


def _country_column(column: int) -> Pairs:
    rows = [line.split(",") for line in _COUNTRY_ROWS.splitlines()]
    return tuple((row[0], row[column]) for row in rows)


def _followers(ring: tuple[str, ...]) -> Pairs:
    return tuple((name, ring[(i + 1) % len(ring)]) for i, name in enumerate(ring))


def _pairs(rows: str, separator: str) -> Pairs:
    return tuple((left, right) for left, right in (row.split(separator) for row in rows.split(",")))


CAPITALS = _country_column(1)
CONTINENTS = _country_column(2)
CURRENCIES = _country_column(3)
LANGUAGES = _country_column(4)
SYMBOLS = _pairs(_ELEMENT_ROWS, " ")
ATOMIC_NUMBERS = tuple((name, str(number)) for number, (name, _) in enumerate(SYMBOLS, 1))
ANIMAL_CLASSES = tuple((animal, name) for name, animals in _ANIMAL_ROWS.items() for animal in animals.split())
YOUNG = tuple(zip(_PARENTS.split(), _CHILDREN.split(), strict=True))
OPPOSITES = _pairs(_OPPOSITES, ":") + swapped(_pairs(_OPPOSITES, ":"))
FOLLOWERS = _followers(DAYS) + _followers(MONTHS)
_ABC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LETTER_FOLLOWERS = tuple(pairwise(_ABC))
