package golden.all;

parcelable Extra { int a = 7; @utf8InCpp String b = "b"; }
