"""What one file may take of the machine, whatever it claims, and what the file format can hold."""

# What one file may take, whatever it claims. A table of 100,000 rows needs about two thirds of each.
MOST_BYTES = 600_000_000
MOST_ELEMENTS = 25_000_000
MOST_CELLS = 6_000_000
MOST_TABLES = 1_000
# Real sheets shrink to a twentieth; a zip bomb to a thousandth.
BEST_COMPRESSION = 200
SMALL_PART = 10_000_000
LONGEST_TEXT = 1_000

ROWS_OF_EXCEL = 1_048_576
COLUMNS_OF_EXCEL = 16_384

LIMITS = (
    f"at most {MOST_BYTES // 1_000_000} MB unpacked, packed to no less than 1/{BEST_COMPRESSION}, "
    f"{MOST_ELEMENTS // 1_000_000} million XML elements, {MOST_CELLS // 1_000_000} million cells "
    f"and {MOST_TABLES:,} training tables"
)
