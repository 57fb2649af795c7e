"""The figures that chapters show, drawn here where drawing is not the lesson: a cell keeps the line that teaches."""
