package golden.impl;

import golden.impl.IImplClient;
import golden.impl.Odd;

/** Its package has the name of a variable in generated code, and its neighbour that of its client. */
interface IImpl {
    IImplClient client();
    Odd odd(in Odd o);
    @nullable Odd[] odds(in @nullable Odd[] o);
    CharSequence text(CharSequence t, @nullable CharSequence u);
    Map any(in Map m);
    List list(in List l);
}
