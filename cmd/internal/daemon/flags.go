package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/pflag"
)

// Flags is what the command line says of a bus.
type Flags struct {
	Path      string
	mode      string
	inside    bool
	noManager bool
}

// Register adds the flags, but for the path's.
func (f *Flags) Register(set *pflag.FlagSet) {
	set.StringVar(&f.mode, "mode", "0600", "mode of the socket: who may connect")
	set.BoolVar(&f.inside, "embed-service-manager", false, "run the service manager in this process")
	set.BoolVar(&f.noManager, "no-service-manager", false, "start no service manager")
}

// Config makes a Config; managerCommand is the subcommand of this program that runs ServeManager.
func (f *Flags) Config(managerCommand string) (Config, error) {
	mode, err := strconv.ParseUint(f.mode, 8, 32)
	if err != nil || mode&^0o777 != 0 {
		return Config{}, fmt.Errorf("--mode %s: it is octal, such as 0660", f.mode)
	}
	path, err := filepath.Abs(f.Path) // children and users may be in other folders
	if err != nil {
		return Config{}, err
	}
	c := Config{Path: path, Mode: os.FileMode(mode), ManagerArgs: []string{managerCommand}}
	switch {
	case f.inside && f.noManager:
		return Config{}, fmt.Errorf("--embed-service-manager and --no-service-manager exclude each other")
	case f.inside:
		c.Manager = Inside
	case f.noManager:
		c.Manager = Nowhere
	}
	return c, nil
}
