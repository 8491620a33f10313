package machine

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// peersSource is in C, as programs are that use the driver without libbinder: the peers' figures are
// the mechanisms' own.
//
//go:embed peers/peers.c
var peersSource string

// kernel is a Linux kernel and its driver.
type kernel struct{ image, module string }

// kernelSeries is that of the kernels that Debian keeps up to date for its stable release.
const kernelSeries = "linux-image-6.12-amd64"

// needTools installs what is not there.
func needTools(ctx context.Context) error {
	packages := map[string]string{"qemu-system-x86_64": "qemu-system-x86", "gcc": "gcc", "xzcat": "xz-utils"}
	var missing []string
	for tool, pkg := range packages {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, pkg)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		return unsupported{"it needs " + strings.Join(missing, ", ") + ", which only root can install, with apt"}
	}
	fmt.Fprintln(os.Stderr, "vm: installing", strings.Join(missing, ", "))
	exec.CommandContext(ctx, "apt-get", "update", "-qq").Run()
	install := exec.CommandContext(ctx, "apt-get", append([]string{"install", "-y", "-qq", "--no-install-recommends"}, missing...)...)
	if out, err := install.CombinedOutput(); err != nil {
		return unsupported{fmt.Sprintf("%s could not be installed: %s", strings.Join(missing, ", "), lastLine(out))}
	}
	return nil
}

// findKernel returns the kept kernel, or downloads one. Nothing of it is installed.
func findKernel(ctx context.Context, dir string) (kernel, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return kernel{}, err
		}
		dir = filepath.Join(cache, "ubinder", "vm")
	}
	k := kernel{filepath.Join(dir, "vmlinuz"), filepath.Join(dir, "binder_linux.ko")}
	if exists(k.image) && exists(k.module) {
		return k, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return k, err
	}
	return k, download(ctx, dir, k)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func download(ctx context.Context, dir string, k kernel) error {
	depends, err := exec.CommandContext(ctx, "apt-cache", "depends", kernelSeries).Output()
	_, name, found := strings.Cut(string(depends), "Depends: ")
	if err != nil || !found {
		return unsupported{"apt knows no package " + kernelSeries}
	}
	name, _, _ = strings.Cut(name, "\n")
	fmt.Fprintln(os.Stderr, "vm: downloading", name)
	work, err := os.MkdirTemp(dir, "download")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	get := exec.CommandContext(ctx, "apt-get", "download", "-qq", name)
	get.Dir = work
	if out, err := get.CombinedOutput(); err != nil {
		return unsupported{fmt.Sprintf("%s could not be downloaded: %s", name, lastLine(out))}
	}
	unpack := exec.CommandContext(ctx, "sh", "-c", "dpkg-deb -x ./*.deb unpacked")
	unpack.Dir = work
	if out, err := unpack.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", unpack, err, out)
	}
	return take(filepath.Join(work, "unpacked"), k)
}

// take moves kernel and driver out of the unpacked package.
func take(root string, k kernel) error {
	images, _ := filepath.Glob(filepath.Join(root, "boot", "vmlinuz-*"))
	modules, _ := filepath.Glob(filepath.Join(root, "*", "lib", "modules", "*", "kernel", "drivers", "android", "binder_linux.ko*"))
	more, _ := filepath.Glob(filepath.Join(root, "lib", "modules", "*", "kernel", "drivers", "android", "binder_linux.ko*"))
	modules = append(modules, more...)
	if len(images) == 0 || len(modules) == 0 {
		return unsupported{"the kernel's package has no binder driver"}
	}
	content, err := os.ReadFile(modules[0])
	if err == nil && strings.HasSuffix(modules[0], ".xz") {
		content, err = exec.Command("xzcat", modules[0]).Output()
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(k.module, content, 0o644); err != nil {
		return err
	}
	return os.Rename(images[0], k.image)
}

func lastLine(out []byte) string {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return string(lines[len(lines)-1])
}
