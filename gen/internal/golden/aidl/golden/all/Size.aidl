package golden.all;

@Backing(type="int")
enum Size { SMALL = -1, LARGE = 1 << 20 }
