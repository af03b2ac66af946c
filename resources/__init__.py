"""What ships with the program: weights and cards, fonts, icons, schema, the sample study."""
