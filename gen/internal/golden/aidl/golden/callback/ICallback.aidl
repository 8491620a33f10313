package golden.callback;

interface ICallback {
    /** Told one after the other. */
    oneway void heard(String what);
    int ask(int number);
}
