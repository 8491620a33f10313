package golden.all;

/** A place, with defaults that are not zero. */
parcelable Point {
    int x = 42;
    int y = ORIGIN_Y;
    String label = "nowhere";
    const int ORIGIN_Y = 3 * 7;

    /** Nested, and used by others. */
    parcelable Pair {
        Point first;
        @nullable Point second;
    }
    enum Kind { CORNER = 1, EDGE }
    Kind kind = Kind.EDGE;
}
