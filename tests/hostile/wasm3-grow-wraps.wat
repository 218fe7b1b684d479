;; returns 0: grows by -1 pages, and wasm3 alone would take that for shrinking by one
;; attacks: none
(module
  (@custom "wagather.manifest" "gatherer 1 wasm3-grow-wraps 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32)
    (if (i32.ne (memory.grow (i32.const -1)) (i32.const -1)) (then unreachable))
    (if (i32.ne (memory.size) (i32.const 1)) (then unreachable))
    (i32.load (i32.const 65532))))
