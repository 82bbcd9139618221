import csv
import io
import zipfile
from pathlib import Path

from lxml import etree

from shared.figures.currencies import CODES, exists


def test_codes_that_exist_and_codes_that_do_not():
    assert all(exists(code) for code in ("USD", "EUR", "XDR", "KWD", "DEM", "ZWL", "SKK"))
    assert not any(exists(code) for code in ("XYZ", "usd", "", "US", "USDX", "XXX", "XAU"))


def test_every_code_has_three_letters():
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in CODES)


def test_no_code_of_the_field_is_missing(data: Path):
    listed = etree.parse(data / "codelists" / "nonembedded" / "Currency.xml").findall(".//code")
    with zipfile.ZipFile(data / "_ref" / "ecb" / "eurofxref-hist.zip") as archive:
        header = next(csv.reader(io.StringIO(archive.read(archive.namelist()[0]).decode())))
    codes = {code.text or "" for code in listed} | {name for name in header[1:] if name.strip()}
    assert len(codes) > 150
    assert codes - CODES == set()
