package golden.ring.left;

import golden.ring.right.Right;

/** Two packages that use each other's types are one in Go. */
parcelable Left { @nullable(heap=true) Right right; int left = 1; }
