package golden.all;

/** Packed into one byte. */
@Backing(type="byte")
enum Color {
    /** The default. */
    RED,
    GREEN = 5,
    BLUE,
    /** @deprecated use BLUE */
    AZURE = BLUE,
}
