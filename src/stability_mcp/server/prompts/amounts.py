"""Reads amounts that a person writes into a prompt's form: a budget, a number, a length.

Money is never guessed: what isn't certain becomes a question for the user.
"""

import re
from dataclasses import dataclass

from stability_mcp.text import credits_text, quoted
from stability_mcp.workflows.plan import MAX_BUDGET

CREDITS_PER_USD = 100
MAX_CHARACTERS = 400
"""Longer texts aren't amounts."""

MAX_DIGITS = 9
"""Of a number that counts pictures or seconds; Python refuses to read thousands of digits."""

_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:[.,]\d+)?")
_UNCLEAR = re.compile(r"\d{1,3}\.\d{3}|0,\d{3}")
"""Thousands in one country, thousandths in another."""
_UNITS = {
    **dict.fromkeys(("$", "usd", "us$", "dollar", "dollars", "buck", "bucks"), CREDITS_PER_USD),
    **dict.fromkeys(("", "c", "cr", "credit", "credits", "¢", "cent", "cents"), 1),
}
"""Credits per unit of a budget, by its name. The API sells credits at 1 cent of a US dollar."""
_FILLERS = re.compile(
    r"\b(?:a budget of|at most|up to|no more than|not more than|less than|under|below|max|maximum|"
    r"limit|budget|about|around|roughly|approximately|approx|circa|ca|in total|total|us)\b[:.]?|~"
)
_CURRENCY = re.compile(
    r"[€£¥₹₩₽]|\b(?:eur|euros?|gbp|pounds?|quid|pence|yen|jpy|chf|francs?|franken|rupees?|inr|cad|"
    r"aud|yuan|cny|kronor|kroner|sek|nok|dkk|zloty|pln|reais|brl|pesos?|won)\b"
)
_NO_LIMIT = re.compile(
    r"(?:no|without(?: a)?|any) (?:limit|budget|maximum)|unlimited|none|any|open|whatever it takes"
)
_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
fifteen sixteen seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORD_VALUES = {
    **{word: value for value, word in enumerate(_SMALL.split())},
    **{word: 10 * value for value, word in enumerate(_TENS.split(), 2)},
    "a": 1,
    "an": 1,
    "fourty": 40,
}
_SCALES = {"hundred": 100, "thousand": 1_000}


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a text about money means."""

    credits: float | None = None
    question: str = ""
    """Why it isn't understood and what to ask the user; "" if it is understood or absent."""

    def sentence(self) -> str:
        """Return the sentence for the instructions; "" if no budget was given."""
        if self.credits is None:
            return self.question
        usd = self.credits / CREDITS_PER_USD
        amount = credits_text(round(self.credits * 1000))
        return f"Budget for this brief: {amount} ({usd:.2f} USD)."


def read_budget(text: str) -> Budget:
    """Read `40`, `40 credits`, `$0.40`, `about ten dollars` or `forty cents`."""
    given = " ".join(text.casefold().split())
    if not given or _NO_LIMIT.fullmatch(given.rstrip(".! ")):
        return Budget()
    amount = _amount(given) if len(given) <= MAX_CHARACTERS else None
    if amount is not None:
        return Budget(credits=amount)
    currency = _CURRENCY.search(given)
    what = (
        "is in another currency"
        if currency and len(given) <= MAX_CHARACTERS
        else "isn't understood"
    )
    return Budget(
        question=f"The budget {quoted(text)} {what}: ask the user for a number of credits or an "
        "amount in USD (1 credit is 0.01 USD). Don't convert or guess it."
    )


def _amount(given: str) -> float | None:
    """Return the credits of one number with one known unit, or None."""
    words = _with_digits(_FILLERS.sub(" ", given))
    numbers = _NUMBER.findall(words)
    unit = "".join(_NUMBER.sub(" ", words).split()).strip(".!")
    if len(numbers) != 1 or unit not in _UNITS or _UNCLEAR.fullmatch(numbers[0]):
        return None
    return min(_value(numbers[0]) * _UNITS[unit], MAX_BUDGET)


def _value(number: str) -> float:
    """Return the value of `1,000`, `2,50` or `0.4`."""
    is_grouped = re.fullmatch(r"\d{1,3}(?:,\d{3})+", number) is not None
    return float(number.replace(",", "" if is_grouped else "."))


def _with_digits(text: str) -> str:
    """Replace each number in words: `twenty-five cents` becomes `25 cents`."""
    found: list[str] = []
    number: int | None = None
    for word in text.replace("-", " - ").split():
        if number is not None and word in {"-", "and"}:
            continue
        value = _WORD_VALUES.get(word)
        if value is not None and number is None:
            number = value
        elif value is not None and number is not None and _continues(number, value):
            number += value
        elif word in _SCALES and (number is None or number < _SCALES[word]):
            number = (1 if number is None else number) * _SCALES[word]
        else:
            found += [*([] if number is None else [str(number)]), word]
            number = value
    return " ".join([*found, *([] if number is None else [str(number)])])


def _continues(number: int, value: int) -> bool:
    """Return whether a word adds to the number before it, as in `twenty five`, not `five six`."""
    tens = 10
    if value >= tens:
        return number > 0 and number % (tens * tens) == 0
    return number > tens and number % tens == 0


def read_count(text: str, *, most: int) -> int | None:
    """Read a whole number from 1 to `most`, in digits or words; None if it isn't one."""
    words = _with_digits(text.casefold())
    found = re.findall(r"\d+", words[:MAX_CHARACTERS])
    if len(found) != 1 or len(found[0]) > MAX_DIGITS or re.search(r"\d[.,]\d|-\s*\d", words):
        return None
    return int(found[0]) if 1 <= int(found[0]) <= most else None


_LENGTH = re.compile(
    r"(?:(?P<clock>\d{1,2}):(?P<rest>\d{2})|(?P<number>\d{1,9}(?:[.,]\d{1,3})?) ?"
    r"(?P<unit>s|sec|secs|seconds?|m|min|mins|minutes?)?)"
)


def read_seconds(text: str) -> float | None:
    """Read a length: `30`, `30 s`, `1:30`, `two minutes`; None if it isn't one."""
    words = _with_digits(_FILLERS.sub(" ", text.casefold()[:MAX_CHARACTERS]))
    match = _LENGTH.fullmatch(words.strip(" ."))
    if match is None:
        return None
    if match["clock"]:
        return int(match["clock"]) * 60 + int(match["rest"])
    is_minutes = (match["unit"] or "s").startswith("m")
    return float(match["number"].replace(",", ".")) * (60 if is_minutes else 1)
