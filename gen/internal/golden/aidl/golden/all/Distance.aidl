package golden.all;

@Backing(type="long")
enum Distance { NEAR = 1, FAR = 1L << 40 }
