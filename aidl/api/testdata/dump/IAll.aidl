/* a licence */
// and a line
package demo.all;
/* more of it */ import demo.all.Other;

/**
 * All there is.
 * @hide
 * @deprecated no longer
 *   at all
 */
@SuppressWarnings({"mixed-oneway", "const-name"}) @JavaPassthrough(annotation="@B") @JavaPassthrough(annotation="@A")
@EnforcePermission(allOf={"X", "Y"})
oneway interface IAll {
  const int A = (1 + 2) * -3;
  const int B = A;
  const int C = A + Other.N | 0xFF;
  const String S = "x";
  const String S2 = S + "y";
  const int D = !true || ~5 == 3;
  const int E = true;
  const byte F = - 5;
  const int G = En.B;
  const double H = -1.0;
  const int I = ((1));
  /** @hide */ void f(int a) = 010;
  oneway void g(in Gen<int[], String> a, in Map<String, List<String>> m, @nullable @utf8InCpp String s, in int[A + 12] z) = 2;
  enum En { A, /** @deprecated */ B = A + 1, C = 7, D }
  parcelable P {
    En e = En.B; En[] es = {En.A, En.B}; int[] i = {1, 2 + 3, A2}; const int A2 = 5; char c = 'x';
    boolean b = 1; boolean b2 = true; int[2][2] m = {{1,2},{3,4}}; int[] emp = {}; String s = "a"; long l = 1L << 3;
    @nullable String n; byte u = 200u8; int h = 0xFf; double d = 1.50; float f = 1e1f;
  }
  @FixedSize union U { int a; byte b; }
}
parcelable Gen<T, V> cpp_header "x.h";
