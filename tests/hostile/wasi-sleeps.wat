;; deadline: sleeps as long as there are numbers, for ever; the clock goes on, and no time is waited
;; attacks: none
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (result i32)))
  (@custom "wagather.manifest" "gatherer 1 wasi-sleeps 0\nwasi preview1\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32)
    (i64.store (i32.const 24) (i64.const -1))
    (loop $again
      (drop (call $sched_yield))
      (br_if $again (i32.eqz (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))
    (i32.const 1)))
