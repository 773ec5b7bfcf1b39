"""Numbers that are not written as JSON requires: hexadecimal, with signs, units and underscores, or to be computed."""

import math
import re
from decimal import Decimal

from graphnn.document.json_reader import Edit, JsonMistake
from graphnn.document.json_tokens import ends_here, skip_blanks
from graphnn.text.suggestions import quoted

NOT_FINITE = {"nan", "inf", "infinity", "∞"}
MINUS = "−–"  # the minus sign, and the dash that stands for it
TOKEN = (
    r"(?:0[xX][0-9a-fA-F_]+|0[bB][01]+|0[oO][0-7]+"
    rf"|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+{MINUS}]?[0-9]+)?[fFdDlL]?)(?![\w.])"
)
SIGNED = re.compile(rf"[-+{MINUS}]?{TOKEN}")
OPERATOR = rf"(?:\*\*|\^|[*×/+\-{MINUS}])"
CALCULATION = re.compile(rf"[-+{MINUS}]?{TOKEN}(?:[ \t]*{OPERATOR}[ \t]*{TOKEN})+")
NUMBER_LIKE = re.compile(rf"[-+{MINUS}]?[\w.]+(?:(?<=[eE])[-+{MINUS}]\w+)?|[-+{MINUS}]?∞")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
LONGEST = 100  # characters of a number
THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:[ ,'\u00a0\u202f][0-9]{3}){1,9}(?![0-9.])")
DECIMAL_COMMA = re.compile(r"[0-9]{1,40}(?:[eE][-+]?[0-9]+)?(?![\w.])")


def plain(token: str) -> str | None:
    """Return a number as JSON writes it; None where it is not one."""
    token = token.translate(dict.fromkeys(map(ord, MINUS), "-"))
    sign, bare = ("-" if token.startswith("-") else ""), token.lstrip("+-").replace("_", "")
    if len(token) > LONGEST:
        return None
    for prefix, base in (("0x", 16), ("0b", 2), ("0o", 8)):
        if bare[:2].lower() == prefix:
            return f"{sign}{int(bare[2:], base)}" if len(bare) > 2 else None
    parts = re.fullmatch(r"([0-9]+)?(?:\.([0-9]*))?(?:([eE][-+]?)([0-9]+))?[fFdDlL]?", bare)
    if parts is None or not (parts[1] or parts[2]):
        return None
    whole = (parts[1] or "0").lstrip("0") or "0"
    fraction = "" if parts[2] is None else f".{parts[2] or 0}"
    exponent = f"{parts[3]}{parts[4]}" if parts[3] else ""
    return f"{sign}{whole}{fraction}{exponent}"


def number(text: str, at: int) -> JsonMistake:
    """Return the mistake of a number that is not written as JSON requires, where a value was expected."""
    calculation = calculated(text, at, CALCULATION)
    if calculation is not None:
        return calculation
    match = NUMBER_LIKE.match(text, at)
    found, end = (match[0], match.end()) if match is not None else (text[at], at + 1)
    if found.lstrip("+-" + MINUS).casefold() in NOT_FINITE:
        return not_finite(found, at)
    signed = SIGNED.match(text, at)
    written = plain(found) if signed is not None and signed.end() == end else None
    thousand = re.fullmatch(r"(-?[0-9]{1,20}(?:\.[0-9]{1,20})?)([kKM])", found)
    if thousand is not None:
        written = format((Decimal(thousand[1]) * (10**6 if thousand[2] == "M" else 1000)).normalize(), "f")
        return JsonMistake(at, f"{found} is not a JSON number; write {written}", Edit(at, end, written), exact=False)
    if written is None:
        message = f"{quoted(found)} is not a number; text needs double quotes"
        edits = [Edit(at, end, quoted(found, len(found)))] if ends_here(text, end) else []
        return JsonMistake(at, message, *edits, exact=False)
    if text.startswith("%", skip_blanks(text, end)):
        return percentage(text, at, end, written)
    message = f"{found} is not a JSON number; write {written}"
    return JsonMistake(at, message, *([Edit(at, end, written)] if ends_here(text, end) else []))


def not_finite(found: str, at: int) -> JsonMistake:
    """Return the mistake of NaN or an infinity."""
    return JsonMistake(
        at,
        f"{found} is not a JSON number; write a finite number, or leave the key out",
        Edit(at, at + len(found), "null"),
        exact=False,
    )


def percentage(text: str, start: int, end: int, written: str) -> JsonMistake:
    """Return the mistake of a percentage whose number lies from start to end."""
    sign = text.index("%", end)
    hundredth = Decimal(written) / 100
    value = format(hundredth, "f") if abs(hundredth.adjusted()) < 20 else repr(float(hundredth))
    value = value.rstrip("0").rstrip(".") if "." in value and "e" not in value else value
    found = text[start : sign + 1]
    edits = [Edit(start, sign + 1, value)] if ends_here(text, sign + 1) else []
    return JsonMistake(start, f"JSON has no percentages; write {value} for {found}", *edits)


def number_before(text: str, end: int) -> int | None:
    """Return the offset of the number that ends at an offset; None where something else does."""
    start = end
    while start and end - start < LONGEST and text[start - 1] in "0123456789.eE+-":
        start -= 1
    while start < end and not NUMBER.fullmatch(text, start, end):
        start += 1
    return start if start < end and not text[start - 1 : start].isalnum() else None


def after_number(text: str, end: int, at: int, in_list: bool) -> JsonMistake | None:
    """Return the mistake of what follows a number of JSON that ends at `end`, where number and rest belong together."""
    start = number_before(text, end)
    if start is None:
        return None
    if text[at] == "%":
        return percentage(text, start, end, text[start:end])
    thousands = THOUSANDS.match(text, start)
    if (
        thousands is not None
        and thousands.end() > end
        and text[end] in " '\u00a0\u202f"
        and ends_here(text, thousands.end())
    ):
        digits = re.sub(r"\D", "", thousands[0])
        edits = [] if in_list and text[end] == " " else [Edit(start, thousands.end(), digits)]
        if edits:
            return JsonMistake(start, f"a number has no gaps; write {digits}", *edits)
    if in_list and text[at] in "-+" and at > end and text[at + 1 : at + 2].strip():
        return None  # [1 -2]
    mistake = calculated(text, start, CALCULATION)
    if mistake is None and text[at] in "*/^×+" and re.compile(rf"{OPERATOR}[ \t]*[\w(]").match(text, at):
        return JsonMistake(start, "JSON does not calculate; write the value")
    return mistake


def calculated(text: str, start: int, pattern: re.Pattern[str]) -> JsonMistake | None:
    """Return the mistake of a calculation, such as 1/255, with its value; None where there is none."""
    match = pattern.match(text, start)
    if match is None or "//" in match[0] or len(match[0]) > LONGEST:
        return None
    value = value_of(match[0])
    if value is None:
        return JsonMistake(
            start,
            f"JSON does not calculate; write the value of {quoted(match[0])[1:-1]}",
            Edit(start, match.end(), "null"),
            exact=False,
        )
    edits = [Edit(start, match.end(), value)] if ends_here(text, match.end()) else []
    return JsonMistake(start, f"JSON does not calculate; write {value} for {quoted(match[0])[1:-1]}", *edits)


def value_of(calculation: str) -> str | None:
    """Return the value of a calculation whose operators are of one rank; None where that is in doubt."""
    parts = re.findall(rf"({OPERATOR}?)[ \t]*({TOKEN})[ \t]*", calculation)
    operators = [{"^": "**", "×": "*", "−": "-", "–": "-"}.get(operator, operator) for operator, _ in parts]
    ranks = {{"**": 3, "*": 2, "/": 2}.get(operator, 1) for operator in operators[1:]}
    if len(ranks) != 1 or (ranks == {3} and (len(parts) > 2 or operators[0])):
        return None
    numbers = []
    for _, token in parts:
        written = plain(token)
        if written is None:
            return None
        numbers.append(int(written) if written.isdigit() and len(written) < 20 else float(written))
    total: float = -numbers[0] if operators[0] == "-" else numbers[0]
    try:
        for operator, each in zip(operators[1:], numbers[1:], strict=True):
            if operator == "**":
                total = (
                    total**each if isinstance(total, int) and 0 <= each < 64 and total < 1000 else float(total) ** each
                )
            elif operator == "*":
                total *= each
            elif operator == "/":
                total /= each
            else:
                total += each if operator == "+" else -each
        finite = not isinstance(total, complex) and math.isfinite(total)
    except (ZeroDivisionError, OverflowError):
        return None
    return repr(total) if finite else None


def decimal_comma(text: str, comma: int) -> JsonMistake | None:
    """Return the mistake of a number with a comma for its decimal point, in an object; None where there is none."""
    match = DECIMAL_COMMA.match(text, comma + 1)
    start = comma
    while start and comma - start < LONGEST and text[start - 1] in "0123456789":
        start -= 1
    if match is None or start == comma or text[start - 1 : start] == "." or not ends_here(text, match.end()):
        return None
    if re.compile(r"[ \t]*(?:,[ \t]*-?[0-9]|\])").match(text, match.end()):
        return None  # 1,28,28]
    start -= text[start - 1 : start] == "-"
    whole, digits = text[start:comma], match[0]
    thousands = THOUSANDS.match(text, start + whole.startswith("-"))
    if thousands is not None and thousands.end() > match.end():
        return None
    if thousands is not None and thousands.end() == match.end():
        return JsonMistake(
            comma,
            f"a number has no comma; write {whole}{digits}, or {whole}.{digits} if that is what is meant",
            Edit(comma, comma + 1, ""),
            exact=False,
        )
    return JsonMistake(
        comma, f"numbers have a decimal point, not a comma; write {whole}.{digits}", Edit(comma, comma + 1, ".")
    )


def thousands_commas(text: str, comma: int) -> JsonMistake | None:
    """Return the mistake of a number with commas between its thousands, such as 1,000,000, in an object."""
    start = comma
    while start and comma - start < LONGEST and text[start - 1] in "0123456789":
        start -= 1
    match = THOUSANDS.match(text, start)
    if match is None or match[0].count(",") < 2 or not ends_here(text, match.end()):
        return None
    digits = match[0].replace(",", "")
    return JsonMistake(comma, f"a number has no commas; write {digits}", Edit(start, match.end(), digits))
