package golden.all;

import golden.all.Point;
import golden.callback.ICallback;

/** One of several things. */
union Shape {
    int[] ids = {1, 2, 3};
    Point point;
    @nullable String name;
    Point[] points;
    ICallback callback;
    @utf8InCpp String[] words;
    const int SIDES = 4;
}
