package golden.all;

/** Its messages are wiped. */
@SensitiveData
interface ISecret {
    String tell(String secret) = 10;
    const String QUESTION = "?";
    parcelable Note { String text; }
    Note note(in Note n) = 3;
    interface INested { int one(); }
    INested nested() = 4;
}
