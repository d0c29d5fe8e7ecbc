"""The formats of the document that schemathesis does not know."""

import schemathesis
from hypothesis import strategies as st

# Visible letters in both directions, and blanks between them. Neither the format nor the patterns refuse such text.
LETTERS = st.sampled_from("abcxyzABC0123456789 -_.,:()éßابتثجحخدشصعقمي")
schemathesis.openapi.format("readable-text", st.text(LETTERS, min_size=1, max_size=60).filter(lambda text: text.strip()))
schemathesis.openapi.format("idn-email", st.emails().filter(lambda address: len(address) <= 254))
