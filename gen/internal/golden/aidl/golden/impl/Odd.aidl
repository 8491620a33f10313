package golden.impl;

/** Of which AIDL says only the name. */
parcelable Odd;
