/* a licence */
package demo.all;

// about the import
import demo.Other;
import demo . Spaced . Name;

/**
 * All there is.
 * @deprecated no longer
 */
@JavaPassthrough(annotation="@Mark") @SuppressWarnings({"mixed-oneway", "const-name",})
@VintfStability
oneway interface IAll {
    const int A = (1 + 2) * -3 << 0x1F | ~7 & 8 ^ !true && 1 >= 2 || 'x' == 'y' - 1;
    const String S = "a" + "b";
    const float F = -.5e-3f;
    const long L = 1_000_000L;
    const byte B = 0xFFu8;
    void plain();
    @nullable @utf8InCpp String[] arrays(in int[2][A + 1] sizes, out List<Map<String, demo.Other.Inner>> deep, inout @nullable Foo p) = 7;
    @EnforcePermission(anyOf={"A", "B"}) oneway void quiet(IBinder cpp_header);
    parcelable Inner<T, U> {
        int a = 5;
        char c = 'c';
        Kind kind = Kind.ONE;
        Outer<Foo<Bar<int>>>[] nested;
        union Either { int a; String b = ""; }
        parcelable Empty {}
        @Backing(type="long") enum Kind { ONE, TWO = ONE + 1, }
    }
    interface Forward;
}
parcelable Foreign<A> cpp_header "a/b.h" ndk_header "c.h" rust_type "d::E";
