package golden.ring.right;

import golden.ring.left.Left;

parcelable Right { Left[] lefts; int right = 2; }
