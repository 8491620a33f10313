# make without arguments lists what can be done. Everything works without make too: the commands
# stand here to be read.

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | sort | awk -F'\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

test: ## run all tests
	go test ./...

race: ## run all tests with the race detector
	go test -race ./...

model: ## explore all orders of events of the reference protocol, in large configurations (a quarter of an hour)
	go test ./runtime/internal/reftab -run '^TestModel$$' -v -timeout 3h -model.size large

lint: ## gofmt, go vet and staticcheck
	.ci/run format vet staticcheck

generate: ## write the generated code of every .proto file
	.ci/generate

fuzz: ## run every fuzzer for FUZZ_TIME (5s)
	.ci/run fuzz

soak: ## mixed load with random kills for DURATION (5m); shows that nothing grows
	cd bench && go run ./soak -d $(DURATION)

DURATION = 5m

oracle: ## compare the AIDL front end with AOSP's compiler, which is fetched as Debian's package
	path=$$(aidl/oracle/fetch aidl-oracle.out) && UBINDER_AIDL_ORACLE=$$path go test -count 1 ./aidl/oracle

demo: ## show objects passed between processes, deaths, and latency
	go run ./cmd/ubinder demo

bench: ## measure, and write the table of README.md
	cd bench && go build -o bench.out . && ./bench.out $(BENCH) >all.out && ./bench.out $(BENCH) -pin one >one.out
	cd bench && { cat all.out; echo; sed '1,/^$$/d' one.out; } | ../.ci/fill ../README.md bench

vm-bench: ## count instructions per round trip beside the kernel's driver, in a virtual machine (JSON=1: lines)
	cd bench && go run ./vm $(if $(JSON),-json)

BENCH = -cases sync -sizes 128 -conc 1 -d 2s

readme: ## run the demo, and write its output into README.md
	go run ./cmd/ubinder demo >demo.out
	.ci/fill README.md demo <demo.out

ci: ## what must hold of every commit; .ci/run -l lists the steps
	.ci/run

ci-long: ## the same with longer fuzzing and repeated tests
	CI_LONG=1 .ci/run

.PHONY: help test race model lint generate fuzz oracle soak demo bench vm-bench readme ci ci-long
