"""How behaviour is written: pure functions of (call, state), and the values that go in and come out."""
