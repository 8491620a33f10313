package golden.all;

/** Holds itself. */
parcelable Tree {
    String name;
    @nullable(heap=true) Tree left;
    Tree[] rest;
}
