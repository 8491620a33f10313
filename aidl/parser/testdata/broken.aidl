package demo.broken
import demo.Other;
interface IBroken {
    int a(;
    void fine();
    int field;
    void union(int x);
    int[] unclosed(in int[ x);
    void id() = 0x10;
    const int NO = ;
    int[][] two(in List<String>> x);
    #$
    void alsoFine(in @nullable Foo x
    );
    String s("never ends);
}
import late.One;
parcelable P {
    int method();
    int x = (1 + ;
    int y = {1, 2;
    int ok = 3;
}
enum Empty {}
enum E { A, 5, B = , C }
struct S { int a; }
union U { int a;
