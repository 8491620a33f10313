package demo.chat;
import demo.chat.Guest;
import demo.base.Mood;
import demo.other.Picture;

/** A room to talk in. */
@Descriptor(value="old.IRoom") @RequiresNoPermission
interface IRoom {
    const int LIMIT = 2 * 50;
    /** Comes in. */
    int enter(in Guest guest, IListener listener, out String[] names) = 0;
    oneway void say(String words, in @nullable byte[] picture) = 7;
    void inout_(inout Guest guest, in ParcelFileDescriptor[] files, IBinder token) = 8;
    Picture draw(in Map<String, Guest> by) = 9;
    interface IListener {
        oneway void said(String words, Mood mood);
        List<Guest> who();
    }
    @Backing(type="int") enum Kind { SMALL = 1, BIG = 1 << 3, HUGE = BIG }
    @Backing(type="long") enum Flags { NONE, ALL = 1L << 40 }
    union Answer { int number = 1; String text; String[] texts; IListener listener; Kind kind = Kind.SMALL; }
    parcelable State {
        boolean open = true; char c; float f; double d; long when; int[2][3] grid; @nullable String note;
        Flags flags; ParcelableHolder extra; IBinder token; Answer answer; byte[] bytes; Picture picture;
    }
}
