"""How answers are shown, without a server: charts, cells, words, the palette."""
