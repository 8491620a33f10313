package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"ubinder/runtime/broker"
	"ubinder/runtime/connect"
	"ubinder/servicemanager"
)

// serveRole is a started process: it answers every line with a sample until there are none.
func serveRole(role, name string) int {
	var w *worker
	var err error
	switch role {
	case "broker":
		err = serveBroker()
	case "manager":
		err = serveManager()
	case "worker":
		w, err = newWorker(name)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		return 1
	}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var s sample
		if w == nil {
			s = takeSample()
		} else {
			s = w.sample(lines.Text() == "stop")
		}
		out.Encode(&s)
	}
	return 0
}

func serveBroker() error {
	b, err := broker.Listen(broker.Config{Path: connect.DefaultPath()})
	if err == nil {
		go b.Serve()
	}
	return err
}

func serveManager() error {
	p, err := connect.Open(context.Background(), "")
	if err == nil {
		_, err = servicemanager.Start(context.Background(), p, servicemanager.Config{Log: func(string, ...any) {}})
	}
	return err
}
