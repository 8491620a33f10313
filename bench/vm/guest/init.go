package guest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Marks around what the guest prints.
const (
	Begin = "GUEST BEGIN"
	End   = "GUEST END"
)

// Init is the first process of the machine. It does not return: the machine is switched off.
func Init() {
	if err := boot(); err != nil {
		fmt.Println("GUEST FAILED:", err)
	}
	unix.Sync()
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func boot() error {
	if err := mount(); err != nil {
		return err
	}
	if err := useConsole("/dev/ttyS1"); err != nil {
		return err
	}
	if err := insertModule(); err != nil {
		return err
	}
	text, err := os.ReadFile(PlanFile)
	if err != nil {
		return err
	}
	var p Plan
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	var u unix.Utsname
	unix.Uname(&u)
	fmt.Println(Begin, unix.ByteSliceToString(u.Release[:]))
	if err := measureAll(p); err != nil {
		return err
	}
	fmt.Println(End)
	return nil
}

func mount() error {
	for _, m := range []struct{ kind, dir string }{{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}} {
		if err := os.MkdirAll(m.dir, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.dir, m.kind, 0, ""); err != nil && err != unix.EBUSY {
			return fmt.Errorf("mount %s: %w", m.dir, err)
		}
	}
	return os.Setenv("HOME", "/tmp")
}

// useConsole sends what this process and its children print to a serial line of their own.
func useConsole(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	for _, fd := range []int{1, 2} {
		if err := unix.Dup3(int(f.Fd()), fd, 0); err != nil {
			return err
		}
	}
	return f.Close()
}

func insertModule() error {
	f, err := os.Open(ModuleFile)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "devices=binder", 0); err != nil {
		return fmt.Errorf("insert %s: %w", ModuleFile, err)
	}
	return nil
}

// settling is how long, on the machine's clock, the kernel is left alone after it has booted: for some
// seconds its own work shows in what is counted. The clock runs ahead while nothing happens.
const settling = 5 * time.Second

func measureAll(p Plan) error {
	time.Sleep(settling)
	for _, s := range p.Stacks {
		for _, size := range p.Sizes {
			cmd := exec.Command(PeersFile, s, strconv.Itoa(size), strconv.Itoa(warmUp), strconv.Itoa(roundTrips(size)))
			if slices.Contains(inGo, s) {
				cmd = exec.Command("/init", Command, clientRole, s, strconv.Itoa(size))
			}
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("%s, %d bytes: %w", s, size, err)
			}
		}
	}
	return nil
}
