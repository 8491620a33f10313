package golden.all;

import golden.all.Point;

/** What became of Older. */
parcelable Newer { int first = 1; String second = "two"; int third = 3; Point fourth; }
