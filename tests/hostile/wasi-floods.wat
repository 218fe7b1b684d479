;; returns 0: writes five thousand lines of nothing, and a line that does not end, to its standard error
;; attacks: none
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 wasi-floods 0\nwasi preview1\n")
  (memory (export "memory") 2)
  (func (export "gather") (result i32) (local $round i32)
    (memory.fill (i32.const 1024) (i32.const 10) (i32.const 1000))
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (i32.const 1000))
    (loop $again
      (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))
      (br_if $again (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const 5))))
    (memory.fill (i32.const 1024) (i32.const 0x41) (i32.const 100000))
    (i32.store (i32.const 4) (i32.const 100000))
    (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))
    (i32.const 0)))
