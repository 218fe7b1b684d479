;; unusable: a function of WASI with the type of another
;; attacks: none
;; says: it imports 'wasi_snapshot_preview1.clock_time_get' with a type that differs from WASI's
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 wasi-other-type 0\nwasi preview1\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
