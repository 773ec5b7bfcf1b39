"""Keys that other libraries have in training and in optimizers, and what to write instead."""

from graphnn.specification.habits.keys_anywhere import (
    AVERAGING,
    BATCH,
    BEST,
    CLIPPING,
    EPOCHS,
    HELD_OUT,
    MONITOR,
    PLATEAU,
    RATE,
    SCHEDULE,
    STEPPED,
    STEPS,
    WARMUP,
)
from graphnn.specification.habits.sentences import Table, same

BETTER = 'leave it out: "monitor" says it: a loss is better when lower, accuracy when higher'
TRAINING: Table = {
    **same(
        EPOCHS,
        "nb_epoch nb_epochs n_epochs n_epoch max_epochs epoch num_train_epochs total_epochs max_epoch "
        "no_epochs number_of_epochs",
    ),
    **same(
        STEPS,
        "iterations max_iter max_iters iters n_iter n_iters niter num_steps max_steps train_steps total_steps steps",
    ),
    **same(
        STEPS, "max_batches num_iterations num_iters training_steps steps_per_epoch n_steps max_iterations epoch_size"
    ),
    **same(BATCH, "batch bs train_batch_size per_device_batch_size batch_len minibatch mini_batch n_batch"),
    **same("leave it out: a batch is computed in pieces that fit into the cache by themselves", "subdivisions"),
    **same(
        'leave it out: a batch is computed in pieces, so that a larger "batch_size" fits into memory as well',
        "gradient_accumulation_steps accumulate_grad_batches accumulation_steps grad_accum iter_size",
    ),
    **same(RATE, "lr base_lr learning_rate init_lr initial_lr lr0 eta"),
    **same(
        PLATEAU,
        "patience early_stop early_stopping_patience early_stopping_rounds early_stopping_steps "
        "es_patience stop_patience",
    ),
    **same(MONITOR, "monitor early_stopping_metric validation_metric"),
    **same(
        BEST,
        "restore_best_weights save_best_only save_best best_model load_best_model load_best_model_at_end "
        "keep_best_model",
    ),
    **same(BEST, "restore_best model_checkpoint checkpointing save_best_model keep_best_weights"),
    **same(AVERAGING, "ema use_ema ema_decay ema_momentum swa weight_averaging moving_average average_weights"),
    **same(
        SCHEDULE, "lr_scheduler scheduler lr_schedule learning_rate_schedule learning_rate_scheduler lr_policy schedule"
    ),
    **same(
        STEPPED,
        "lr_decay learning_rate_decay gamma step_size decay_rate decay_steps stepsize lr_step lr_gamma milestones",
    ),
    **same(STEPPED, "learning_rate_decay_rate scales lr_decay_rate lr_drop"),
    **same(
        WARMUP,
        "warmup warmup_steps warmup_epochs num_warmup_steps warmup_ratio burn_in lr_warmup learning_rate_warmup_epochs",
    ),
    **same(
        CLIPPING,
        "clip_norm clipnorm gradient_clip_val gradient_clipping clip_gradients grad_clip max_grad_norm gradient_clip",
    ),
    **same(CLIPPING, "clip clip_grad clip_grad_norm global_clipnorm grad_clip_norm max_norm gradient_clip_norm"),
    **same(
        HELD_OUT,
        "validation_data val_data validation_split val_split validation_size val_size valid_size validation_fraction",
    ),
    **same(
        HELD_OUT,
        "validation validation_percentage holdout val_fraction valid_split val_ratio validation_ratio dev_split",
    ),
    **same(
        (
            '<count>write "evaluation": {"every": <value>} at the top of the document, in epochs',
            'write "evaluation": {"every": 1} at the top of the document, in epochs',
        ),
        "eval_every validation_freq val_freq validate_every check_val_every_n_epoch test_interval "
        "eval_interval evaluate_every "
        "val_every evaluation_interval test_iter eval_steps validation_steps val_interval eval_freq",
    ),
    **same(BETTER, "mode direction goal"),
    **same("leave it out: --resume goes on where a training was interrupted", "initial_epoch start_epoch"),
    **same('write it as "seed" in training', "rng_seed manual_seed global_seed"),
    **same("leave it out: samples are read as they are needed", "max_queue_size prefetch buffer_size cache"),
    **same('leave it out: "weight_decay" in the optimizer keeps weights small', "l1 regularization_lambda reg_lambda"),
}

EARLY_STOPPING: Table = {
    **same(BETTER, "mode direction goal greater_is_better"),
    **same(BEST, "restore_best_weights save_best_only restore_best save_best load_best"),
    **same("leave it out: the section itself turns early stopping on", "enabled enable active use on type name"),
    **same("leave it out: only an improvement over the best value counts", "baseline threshold_mode strict"),
    **same(
        ('<number>write "min_delta": <value>', 'write "min_delta": 0.001'),
        "threshold delta min_improvement tol tolerance epsilon",
    ),
    **same(
        ('<count>write "patience": <value>', 'write "patience": 5'),
        "epochs wait rounds early_stopping_rounds n_iter_no_change",
    ),
    **same(
        ('<count>write "start_from_epoch": <value>', 'write "start_from_epoch": 5'),
        "min_epochs start_epoch warmup warmup_epochs burn_in",
    ),
    **same(('write "monitor": <monitor>', 'write "monitor": "validation_loss"'), "metric quantity watch figure"),
}

AVERAGING_KEYS: Table = {
    **same(('<fraction>write "decay": <value>', 'write "decay": 0.999'), "momentum beta alpha rate"),
    **same(('<count>write "every": <value>', 'write "every": 1'), "update_every k sync_period steps"),
}

OPTIMIZER: Table = {
    **same(('write "beta_1": <first_of>, "beta_2": <second_of>', 'write "beta_1": 0.9, "beta_2": 0.999'), "betas beta"),
    **same(("<off>leave it out", "leave it out: there is no such variant here"), "amsgrad dampening maximize centered"),
    **same(
        "leave it out: it changes nothing here",
        "foreach capturable differentiable fused jit is_legacy_optimizer loss_scale_factor gradient_accumulation_steps",
    ),
    **same("leave it out: an optimizer has no name", "name"),
    **same(
        SCHEDULE, "lr_scheduler scheduler lr_schedule learning_rate_schedule learning_rate_scheduler lr_policy policy"
    ),
    **same(
        STEPPED, "lr_decay learning_rate_decay decay gamma step_size decay_rate decay_steps stepsize lr_step milestones"
    ),
    **same(STEPPED, "scales steps lr_gamma power stepvalue lr_decay_rate stepsize step_every"),
    **same(WARMUP, "warmup warmup_steps warmup_epochs num_warmup_steps warmup_ratio burn_in lr_warmup"),
    **same(
        ("<off>leave it out", 'leave it out: the norm of the gradient can be limited instead, by "clip_norm": 1.0'),
        "clip_value clipvalue grad_clip_value",
    ),
    **same('leave it out: "weight_decay" is the only penalty here', "regularization_type l1 l1_reg"),
    **same(AVERAGING, "use_ema ema ema_momentum ema_decay ema_overwrite_frequency"),
    **same(
        'leave it out: all parameters are trained; "groups" train some of them differently',
        "params param_groups parameters no_decay",
    ),
    **same(
        'leave it out: Adam with "weight_decay" apart from the gradient is {"type": "AdamW"}',
        "decoupled decoupled_weight_decay",
    ),
    **same(EPOCHS, "nb_epoch n_epochs num_epochs max_epochs"),
    **same(STEPS, "max_iter iterations max_steps num_steps max_batches"),
    **same(BATCH, "batch bs"),
    **same("write its settings in the optimizer itself, without this object around them", "config kwargs options args"),
}

OPTIMIZERS: dict[str, Table] = {
    "SGD": {
        "momentum": (
            "<off>leave it out",
            '<number>write "type": "SGDMomentum", "momentum": <value>',
            'write "type": "SGDMomentum"',
        ),
        "nesterov": ("<off>leave it out", 'write "type": "SGDMomentum", "nesterov": true'),
    },
    "adaptive": {
        "momentum": ('<number>write "beta_1": <value>', 'write "beta_1": 0.9'),
        "decay": (
            "<off>leave it out",
            'write "schedule": {"type": "cosine"}, or another type, for a learning rate that falls',
        ),
        "nesterov": ("<off>leave it out", "leave it out: there is no such variant here"),
    },
    "RMSprop": {
        "momentum": (
            "<off>leave it out",
            'write {"type": "Adam"} instead, which has both, or leave it out',
        ),
        **same(
            ('<fraction>write "rho": <value>', 'write "rho": 0.9'),
            "decay beta_2 beta2",
        ),
    },
    "SGDMomentum": {
        **same(('<fraction>write "momentum": <value>', 'write "momentum": 0.9'), "beta_1 rho"),
    },
}

SCHEDULES: dict[str, Table] = {
    "reduce_on_plateau": {
        **same(('write "monitor": <monitor>', 'write "monitor": "validation_loss"'), "metric quantity watch figure"),
        **same(BETTER, "mode direction greater_is_better"),
        **same("leave it out: any improvement over the best value counts", "threshold threshold_mode min_delta"),
        **same("leave it out: after each change it waits for a full patience again", "cooldown"),
    },
}

SCHEDULE_KEYS: Table = {
    **same(
        ("<off>leave it out", 'write "warmup_epochs": 1, in epochs; fractions are allowed'),
        "warmup warmup_steps num_warmup_steps warmup_ratio warmup_iters burn_in warmup_length",
    ),
    **same(
        "leave it out: the schedule ends with the training",
        "t_max tmax max_iter total_steps total_iters num_training_steps steps_per_epoch epochs max_epochs",
    ),
    **same(
        'leave it out: "learning_rate" of the optimizer is the highest',
        "max_lr base_lr initial_learning_rate learning_rate lr",
    ),
    **same(
        ('leave it out: the least is a fraction of the learning rate: "final_scale" or "min_scale"',),
        "eta_min min_lr alpha end_learning_rate final_lr min_learning_rate",
    ),
    **same(('write "points": […], pairs of a fraction of the run and a factor',), "values boundaries schedule"),
    **same("leave it out: it counts epochs by itself", "last_epoch verbose cycle staircase"),
    **same(
        "leave it out: only reduce_on_plateau watches a figure",
        "monitor metric quantity figure mode threshold threshold_mode",
    ),
    **same(
        ('leave it out: "start_scale" is the rate at the start as a fraction of the highest',),
        "div_factor final_div_factor anneal_strategy three_phase",
    ),
}
