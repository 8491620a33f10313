package golden.all;

import golden.all.Color;
import golden.all.Distance;
import golden.all.Newer;
import golden.all.Older;
import golden.all.Point;
import golden.all.Shape;
import golden.all.Size;
import golden.all.Tree;
import golden.all.Values;
import golden.callback.ICallback;

/**
 * Every type as argument and as result, in every direction.
 *
 * @deprecated it is a test
 */
interface IEverything {
    const int ANSWER = 42;
    const String GREETING = "hel" + "lo";
    const long BIG = 1L << 40;

    boolean repeatBoolean(boolean v);
    byte repeatByte(byte v);
    char repeatChar(char v);
    int repeatInt(int v);
    long repeatLong(long v);
    float repeatFloat(float v);
    double repeatDouble(double v);
    String repeatString(String v);
    @nullable String repeatNullableString(@nullable String v);
    @utf8InCpp String repeatUtf8(@utf8InCpp String v);
    Color repeatColor(Color v);
    Size repeatSize(Size v);
    Distance repeatDistance(Distance v);

    boolean[] reverseBoolean(in boolean[] input, out boolean[] repeated);
    byte[] reverseByte(in byte[] input, out byte[] repeated);
    char[] reverseChar(in char[] input, out char[] repeated);
    int[] reverseInt(in int[] input, out int[] repeated);
    long[] reverseLong(in long[] input, out long[] repeated);
    float[] reverseFloat(in float[] input, out float[] repeated);
    double[] reverseDouble(in double[] input, out double[] repeated);
    String[] reverseString(in String[] input, out String[] repeated);
    Color[] reverseColor(in Color[] input, out Color[] repeated);
    Distance[] reverseDistance(in Distance[] input, out Distance[] repeated);
    List<String> reverseList(in List<String> input, out List<String> repeated);
    Point[] reversePoints(in Point[] input, out Point[] repeated);
    @nullable int[] repeatNullableInts(in @nullable int[] v);
    @nullable String[] repeatNullableStrings(in @nullable String[] v);
    @nullable List<String> repeatNullableList(in @nullable List<String> v);
    int[2][3] repeatMatrix(in int[2][3] v, out int[2][3] repeated);

    Point repeatPoint(in Point v);
    @nullable Point repeatNullablePoint(in @nullable Point v);
    void movePoint(inout Point p, int dx);
    void fillPoint(out Point p);
    Shape repeatShape(in Shape v);
    Tree repeatTree(in Tree v);
    Values repeatValues(in Values v);
    @nullable Values repeatNullableValues(in @nullable Values v);
    Map<String, String> repeatMap(in Map<String, String> v);

    ICallback repeatCallback(ICallback c);
    @nullable ICallback repeatNullableCallback(@nullable ICallback c);
    IBinder repeatObject(IBinder o);
    boolean isSame(IBinder a, @nullable IBinder b);
    int askThrough(ICallback c, int number);
    oneway void tell(ICallback c, String what);
    ParcelFileDescriptor repeatFile(in ParcelFileDescriptor f);
    FileDescriptor repeatPlainFile(in FileDescriptor f);
    ParcelFileDescriptor[] reverseFiles(in ParcelFileDescriptor[] input, out ParcelFileDescriptor[] repeated);

    void throwServiceError(int code);
    void throwException(int code);
    void throwStatus(int code);

    Older newToOld(in Newer v);
    Newer oldToNew(in Older v);

    @EnforcePermission("golden.permission.GRANTED") int granted();
    @EnforcePermission(allOf={"golden.permission.GRANTED", "golden.permission.DENIED"}) int denied();
    @EnforcePermission(anyOf={"golden.permission.DENIED", "golden.permission.GRANTED"}) int either();

    /** Names that Go has taken. */
    int func(int type, int range, int ctx, int w, int r, int err, int call, int all, int parcel);
    void release();
    void Client();
    void client();

    Shape.Tag[] tags(in Shape[] shapes, Shape.Tag first);
}
