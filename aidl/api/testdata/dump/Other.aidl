package demo.all;
parcelable Other { const int N = 5; }
