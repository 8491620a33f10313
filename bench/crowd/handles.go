package crowd

import (
	"context"
	"fmt"
)

// handleValues is how many objects come and go.
var handleValues = []int{1, 1000, 100_000}

// HandlesResult is what a call takes while many objects are held, in turns with calls while they are not.
type HandlesResult struct {
	Case     string        `json:"case"`
	Size     int           `json:"size"` // handles
	Unit     string        `json:"unit"`
	Stack    string        `json:"stack"`
	Held     BesideHandles `json:"held"`     // by who calls, of a third process
	Exported BesideHandles `json:"exported"` // by who is called, to a third process
	Between  BesideHandles `json:"between"`  // who calls holds them of who is called
}

// BesideHandles are the calls of two processes without and with as many handles.
type BesideHandles struct {
	Alone Times `json:"alone"`
	Many  Times `json:"many"`
}

func handles(ctx context.Context, o Options) (Table, error) {
	o.Progress("scale/handles: start")
	p, err := newPair(ctx, o, 1)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	if err := p.joins(ctx, p.others[0]); err != nil {
		return nil, err
	}
	if _, err := p.client.do(ctx, order{Do: doKnow, Of: []int{atServer, atOther}}); err != nil {
		return nil, err
	}
	if _, err := p.others[0].do(ctx, order{Do: doKnow, Of: []int{atServer}}); err != nil {
		return nil, err
	}
	var table handlesTable
	for _, n := range o.Scale {
		r, err := p.besideHandles(ctx, o, n)
		if err != nil {
			return nil, fmt.Errorf("scale/handles, %d handles: %w", n, err)
		}
		table = append(table, r)
	}
	return table, nil
}

func (p *pair) besideHandles(ctx context.Context, o Options, n int) (*HandlesResult, error) {
	r := &HandlesResult{Case: "scale/handles", Size: n, Unit: "handles", Stack: "ubinder-raw"}
	for _, way := range []struct {
		name string
		who  *worker
		of   int
		into *BesideHandles
	}{
		{"held", p.client, atOther, &r.Held},
		{"exported", p.others[0], atServer, &r.Exported},
		{"between", p.client, atServer, &r.Between},
	} {
		var alone, many []turn
		for round := range turnRounds {
			o.Progress(fmt.Sprintf("scale/handles, %d %s: round %d of %d", n, way.name, round+1, turnRounds))
			t, err := p.turnsBesideHandles(ctx, way.who, order{Do: doTake, N: n, Of: []int{way.of}})
			if err != nil {
				return nil, err
			}
			alone, many = append(alone, t[0]), append(many, t[1])
		}
		*way.into = BesideHandles{compareTurns(alone, alone), compareTurns(many, alone)}
	}
	return r, nil
}

// turnsBesideHandles measures calls alone, and after who has taken objects; then it gives them back.
func (p *pair) turnsBesideHandles(ctx context.Context, who *worker, take order) (t [2]turn, err error) {
	if t[0], err = p.take(ctx, nil); err != nil {
		return t, err
	}
	if _, err = who.do(ctx, take); err != nil {
		return t, err
	}
	if t[1], err = p.take(ctx, nil); err != nil {
		return t, err
	}
	_, err = who.do(ctx, order{Do: doDrop})
	return t, err
}
