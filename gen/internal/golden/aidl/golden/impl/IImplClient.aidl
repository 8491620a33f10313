package golden.impl;

interface IImplClient { int one(); }
