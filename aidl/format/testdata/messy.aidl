

/* licence
   of two lines */
package   demo . x ;  // the package
import b.C;
import a.B; /* behind */
// about D

@VintfStability @JavaPassthrough(annotation = "@A(b=1)")
// between
interface   IX{


  // first

  const int A=(1+2)*-3<<~4 ;// sum
  void f( ) ;void g(in int a,out List < Map<String,String> > b);
    @nullable
    String h(@utf8InCpp String s)= 12;
  @EnforcePermission("ONE") @PropagateAllowBlocking
  void i();
  void averyLongMethodName(in @nullable String firstArgument, inout android.os.Bundle secondArgument, in int[3][4] thirdArgument);
  void commented(/* in */ int a, // first
     // own line
     int b /* last */);
  const String LONG = "a string that is long enough to reach far" + "another that does not fit on this line any more";
    enum E{A,B=1 , // two
      /** three */ C,
      D}
   parcelable Empty { }
   parcelable Commented { /* nothing */ }
   union U {int a=5;int[] b={1,2 , 3,};
     /*
       * doc
      * more
     */
     byte c;

   }
 /* the end */
}
parcelable P <T , U> cpp_header   "x.h"   rust_type "y";
// after all
