package encoding

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Table writes one line for each field and encoding.
func Table(w io.Writer, results []Result) error {
	type row struct{ write, read Result }
	type key struct{ field, encoding string }
	var order []key
	rows := make(map[key]*row)
	for _, r := range results {
		k := key{r.Field, r.Encoding}
		if rows[k] == nil {
			rows[k] = new(row)
			order = append(order, k)
		}
		if r.Op == "write" {
			rows[k].write = r
		} else {
			rows[k].read = r
		}
	}
	fmt.Fprintf(w, "\n%s: one process, no call\n", Name)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "field\tencoding\tbytes\twrite ns\tallocs\tread ns\tallocs\t")
	for _, k := range order {
		r := rows[k]
		fmt.Fprintf(tw, "%s\t%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t\n", k.field, k.encoding, r.write.Bytes,
			r.write.NsPerOp, r.write.Allocs, r.read.NsPerOp, r.read.Allocs)
	}
	return tw.Flush()
}
