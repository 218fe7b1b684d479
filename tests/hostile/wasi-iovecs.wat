;; deadline: writes half a thousand million pieces without a byte, and as many that are all of the memory, for ever
;; attacks: none
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 wasi-iovecs 0\nwasi preview1\n")
  (memory (export "memory") 256)
  (func (export "gather") (result i32) (local $at i32)
    ;; The second half of the memory is pieces, each of which is the whole memory.
    (local.set $at (i32.const 0x800000))
    (loop $pieces
      (i32.store offset=4 (local.get $at) (i32.const 0x1000000))
      (br_if $pieces
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 0x1000000))))
    (loop $again
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 0x1fffffff) (i32.const 16)))
      (drop (call $fd_write (i32.const 2) (i32.const 0x800000) (i32.const 0x100000) (i32.const 16)))
      (br $again))
    (unreachable)))
