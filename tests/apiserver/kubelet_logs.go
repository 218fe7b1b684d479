package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"hash/fnv"
	"net/http"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// kubelet_logs.go makes what containers have logged: lines that are a function of the container's name,
// the run and the line's number, one for each minute since epoch.
//
// How options choose among the lines is the kubelet's way: the tail first, then the time, and bytes are
// counted from the first line that is left, its timestamp included. So a limit in bytes cuts the end off.

// A pod's annotation says how the logs of its containers behave, for readers that must cope with it.
const (
	logsAnnotation = "wagather.test/logs"
	// logsSlow takes slowPause before the first byte, and again halfway.
	logsSlow = "slow"
	// logsLarge is above a hundred million bytes.
	logsLarge = "large"
	// logsBroken cannot be read: 500.
	logsBroken = "broken"
	// logsNoPrevious has lost what the previous instance said, whatever the pod's status says.
	logsNoPrevious = "no-previous"
)

const (
	slowPause  = 700 * time.Millisecond
	largeLines = 1_200_000
	// The last lines, counted from the end, which hold what a reader must not see.
	tokenLine, urlLine = 3, 2
	// timestampFormat has nine digits after the point, as kubelet's has.
	timestampFormat = "2006-01-02T15:04:05.000000000Z07:00"
)

// containerLog is the log of one run of a container.
type containerLog struct {
	namespace, pod, container string
	run                       int32
	behaviour                 string
}

// lines is how many there are: 60 to 259, or very many.
func (l containerLog) lines() int64 {
	if l.behaviour == logsLarge {
		return largeLines
	}
	hash := fnv.New32a()
	hash.Write([]byte(l.namespace + "/" + l.pod + "/" + l.container))
	return 60 + int64(hash.Sum32()%200)
}

// loggedToken is a JSON Web Token, with a signature that nobody made.
func loggedToken() string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." +
		encode([]byte(`{"sub":"system:serviceaccount:shop:till","aud":"wagather.test"}`)) + "." +
		encode([]byte("a signature that nobody made, as long as one"))
}

// line appends one, without its time.
func (l containerLog) line(to []byte, number int64) []byte {
	to = append(to, "run="...)
	to = strconv.AppendInt(to, int64(l.run), 10)
	to = append(to, " line="...)
	to = strconv.AppendInt(to, number, 10)
	switch fromEnd := l.lines() - number; {
	case number == 0:
		to = append(to, ` level=info msg="starting" container=`...)
		to = append(append(append(append(append(to, l.namespace...), '/'), l.pod...), '/'), l.container...)
	case fromEnd == tokenLine:
		to = append(to, ` level=debug msg="asks for the state" token="`...)
		to = append(append(to, loggedToken()...), '"')
	case fromEnd == urlLine:
		to = append(to, ` level=error msg="no answer" url=postgres://till:`...)
		to = append(append(to, passwordValue...), "@db.wagather.test:5432/till"...)
	case fromEnd == 1:
		to = append(to, ` level=fatal msg="gives up after 3 tries – Ende"`...)
	default:
		to = append(to, ` level=info msg="handled a request" path=/v1/items/`...)
		to = strconv.AppendInt(to, number*7%1000, 10)
		to = append(to, " took="...)
		to = strconv.AppendInt(to, number*13%97, 10)
		to = append(to, "ms"...)
	}
	return append(to, '\n')
}

// writeTo writes the lines that the options choose, until ctx is done.
func (l containerLog) writeTo(ctx context.Context, response http.ResponseWriter, options *corev1.PodLogOptions) error {
	since := time.Time{}
	if options.SinceSeconds != nil {
		since = time.Now().Add(-time.Duration(*options.SinceSeconds) * time.Second)
	}
	if options.SinceTime != nil && options.SinceTime.After(since) {
		since = options.SinceTime.Time
	}
	first, end, remain := int64(0), l.lines(), int64(-1)
	if options.TailLines != nil {
		first = max(0, end-*options.TailLines)
	}
	if options.LimitBytes != nil {
		remain = *options.LimitBytes
	}
	if l.behaviour == logsSlow && !pause(ctx) {
		return ctx.Err()
	}
	out := bufio.NewWriterSize(response, 32<<10)
	var text []byte
	for number := first; number < end; number++ {
		if l.behaviour == logsSlow && number == (first+end)/2 {
			out.Flush()
			http.NewResponseController(response).Flush()
			if !pause(ctx) {
				return ctx.Err()
			}
		}
		at := epoch.Add(time.Duration(number) * time.Minute)
		if at.Before(since) {
			continue
		}
		text = text[:0]
		if options.Timestamps {
			text = append(at.AppendFormat(text, timestampFormat), ' ')
		}
		text = l.line(text, number)
		if remain >= 0 {
			text = text[:min(int64(len(text)), remain)]
			remain -= int64(len(text))
		}
		if _, err := out.Write(text); err != nil {
			return err
		}
		if remain == 0 {
			break
		}
	}
	return out.Flush()
}

// pause is whether there is still somebody who waits.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(slowPause):
		return true
	}
}
