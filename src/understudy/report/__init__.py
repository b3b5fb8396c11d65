"""The report writers: a `Report` goes in; JSON, HTML, JUnit XML and console text come out. Nothing is judged here."""
