"""What a test page says of itself: closed, open, a fault of ours; `AWAY` is what the browser says when nothing came."""

SHUT, OPEN, FAULT, AWAY = "dicht", "open", "storing", "weg"
