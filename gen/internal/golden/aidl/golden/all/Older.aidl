package golden.all;

/** The first version of Newer. */
parcelable Older { int first = 1; String second = "two"; }
