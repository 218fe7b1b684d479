;; traps: wasm3 takes growing by -1 pages for shrinking by one; what is gone then cannot be reached
;; attacks: none
(module
  (@custom "wagather.manifest" "gatherer 1 wasm3-grow-wraps 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32)
    (if (i32.ne (memory.grow (i32.const -1)) (i32.const -1))
      (then (return (i32.load (i32.const 65532)))))
    (unreachable)))
